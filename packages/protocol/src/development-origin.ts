/** Loopback names and addresses, as they stand in an origin or a `Host`. */
const names = String.raw`(?:(?:[a-z0-9-]+\.){0,5}localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?`
const loopback = new RegExp(`^${names}$`, 'i')
const loopbackPage = new RegExp(`^https?://${names}$`)

/**
 * Whether a page of a development server on this machine calls through the proxy of that server (Vite, Next). Such a
 * proxy writes its own `Host`, so `Origin` differs from it. Two facts make this safe: the browser says
 * `Sec-Fetch-Site: same-origin`, which no page can forge; and both `Host` and `Origin` are loopback, where no foreign
 * page comes from.
 */
export function isDevelopmentPage(origin: string, host: string | undefined, site: unknown): boolean {
  return site === 'same-origin' && host !== undefined && loopback.test(host) && loopbackPage.test(origin)
}
