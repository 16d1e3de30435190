import { hash } from 'node:crypto'

/** The blanks of HTTP (RFC 9110, 5.6.3); any other is part of a cookie. */
const blanks = /^[ \t]+|[ \t]+$/g
const quotes = /^"|"$/g

/** The cookies of these names, in the header's order (RFC 6265, 5.4); all of them, where no names are given. */
export function cookiesOf(header: string, names: ReadonlySet<string> | undefined): readonly string[] {
  const cookies = header.split(';').map((cookie) => cookie.replaceAll(blanks, ''))
  return cookies.filter((cookie) => (names === undefined ? cookie !== '' : names.has(cookie.slice(0, Math.max(cookie.indexOf('='), 0)))))
}

/** What they are asked about with, as the header says them; `undefined` where there is none of them. */
export function readCookies(header: string, names: ReadonlySet<string> | undefined): string | undefined {
  if (names === undefined) return header
  const found = cookiesOf(header, names)
  return found.length === 0 ? undefined : found.join('; ')
}

/** Knows a cookie again: digested, and by what servers read of it, who take quotes and percent-encoding off. */
export function cookieKey(cookie: string): string {
  const equals = cookie.indexOf('=')
  const name = cookie.slice(0, Math.max(equals, 0)).replaceAll(blanks, '')
  const value = cookie
    .slice(equals + 1)
    .replaceAll(blanks, '')
    .replaceAll(quotes, '')
  return hash('sha256', `${name}=${decode(value)}`, 'base64url')
}

function decode(value: string): string {
  if (!value.includes('%')) return value
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
