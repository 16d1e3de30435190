/**
 * The cookies of these names, as the header says them and in its order; `undefined` where there is none of them
 * (RFC 6265, 5.4). All of them, where no names are given.
 */
export function readCookies(header: string, names: ReadonlySet<string> | undefined): string | undefined {
  if (names === undefined) return header
  const found = header
    .split(';')
    .map((cookie) => cookie.trim())
    .filter((cookie) => names.has(cookie.slice(0, Math.max(cookie.indexOf('='), 0))))
  return found.length === 0 ? undefined : found.join('; ')
}
