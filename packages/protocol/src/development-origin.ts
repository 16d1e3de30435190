/** Names and addresses of this machine, as they stand in an origin or a `Host`. */
const names = String.raw`(?:(?:[a-z0-9-]+\.){0,5}localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?`
const loopback = new RegExp(`^${names}$`, 'i')
const loopbackPage = new RegExp(`^https?://${names}$`)

/**
 * Whether a page of a server on this machine calls through that server's proxy, as pages do in development (Vite's, Next's):
 * such a proxy writes its own `Host`, so that the `Origin` is another's. Its browser says that page and address are of one
 * origin, which no page can make it say; and both ends are on this machine, where no page of anybody else is from.
 */
export function isDevelopmentPage(origin: string, host: string | undefined, site: unknown): boolean {
  return site === 'same-origin' && host !== undefined && loopback.test(host) && loopbackPage.test(origin)
}
