import { hash } from 'node:crypto'
import { trimBlanks } from '@postern/core'

const quotes = /^"|"$/g
const escape = /%([0-9a-f]{2})/gi

/** Reads from `Cookie` headers the cookies that identify a user. */
export interface CookieReader {
  /**
   * The part of the header that the backend is asked with, unchanged; `undefined` if it has none of these cookies.
   *
   * Strict: a cookie counts only if its name is written exactly as configured (RFC 6265, 5.4).
   */
  select(header: string): string | undefined
  /**
   * The keys of these cookies, each once: hashes of name and value.
   *
   * Lenient: servers differ in whether they remove blanks, quotes and percent-encoding, and some split cookies at commas.
   * All such spellings of a cookie get the same key, so that a change of its user is noticed under any spelling.
   */
  keysOf(header: string): readonly string[]
}

/** @param names The names of the cookies that count; `undefined`: all cookies. */
export function createCookieReader(names: readonly string[] | undefined): CookieReader {
  const chosen = names === undefined ? undefined : new Set(names)
  const plain = names === undefined ? undefined : new Set(names.map(plainly))

  return {
    select(header) {
      if (chosen === undefined) return header
      const cookies = header.split(';').map((cookie) => trimBlanks(cookie))
      const found = cookies.filter((cookie) => chosen.has(cookie.slice(0, Math.max(cookie.indexOf('='), 0))))
      return found.length === 0 ? undefined : found.join('; ')
    },
    keysOf(header) {
      const cookies = new Set(header.split(';'))
      // After a comma, text without `=` is the rest of a value, not a cookie.
      if (header.includes(',')) for (const part of header.split(/[;,]/)) if (part.includes('=')) cookies.add(part)
      const read = new Set<string>()
      for (const cookie of cookies) {
        const equals = cookie.indexOf('=')
        const name = plainly(cookie.slice(0, Math.max(equals, 0)))
        const value = plainly(cookie.slice(equals + 1))
        if (plain === undefined ? name !== '' || value !== '' : plain.has(name)) read.add(`${name}=${value}`)
      }
      return [...read].map((cookie) => hash('sha256', cookie, 'base64url'))
    },
  }
}

/** A name or value without blanks, quotes and percent-encoding. */
function plainly(text: string): string {
  return decode(text.trim().replaceAll(quotes, '').trim())
}

/**
 * Replaces each percent-escape by its byte; all else stays. `decodeURIComponent` is not used: it throws for text that is not
 * UTF-8, and an exception for each such cookie costs much.
 */
function decode(text: string): string {
  return text.includes('%') ? text.replaceAll(escape, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))) : text
}
