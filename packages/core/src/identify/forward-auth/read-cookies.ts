import { hash } from 'node:crypto'
import { trimBlanks } from '../../lib/trim-blanks.js'

const quotes = /^"|"$/g
const escape = /%([0-9a-f]{2})/gi

/** Reads `Cookie` headers for the cookies that say who somebody is. */
export interface CookieReader {
  /**
   * What somebody is asked about with, as the header says it; `undefined` where it has none of these cookies.
   *
   * Strictly: a cookie is chosen where no server reads another name (RFC 6265, 5.4).
   */
  select(header: string): string | undefined
  /**
   * What they are known again by, each once.
   *
   * By every reading that a server may have: some take blanks, quotes and percent-encoding off names and values, and
   * some part cookies at commas. So no spelling changes whose a cookie is without being seen.
   */
  keysOf(header: string): readonly string[]
}

/** @param names The cookies that count; all of them, where none are given. */
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
      // Behind a comma only what has a name: else it is the rest of a value.
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

/** What servers read that take off what may be taken off. */
function plainly(text: string): string {
  return decode(text.trim().replaceAll(quotes, '').trim())
}

/** Each escape for the byte that it is; what is none stays. Of a text that is no UTF-8 the usual decoders make nothing, and an error for each costs much. */
function decode(text: string): string {
  return text.includes('%') ? text.replaceAll(escape, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))) : text
}
