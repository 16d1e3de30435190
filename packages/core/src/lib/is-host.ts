import { isIP } from 'node:net'

/** The longest host with its port, in characters (RFC 1035, 2.3.4). */
const longestHost = 262

const bracketed = /^\[([0-9A-Fa-f:.]+)\](.*)$/
const named = /^([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)(\.?)(|:.*)$/
const port = /^:\d{1,5}$/

/** Readers of URLs take what ends in such a label for an IPv4 address, in one of several spellings (URL standard, "ends in a number"). */
const numberAtEnd = /(?:^|\.)(?:\d+|0[xX][0-9A-Fa-f]*)$/

/**
 * Whether a text is a host as it stands in `Host` and in a URL of http, with or without a port (RFC 9110, 7.2; RFC
 * 3986, 3.2): a name of letters, digits, hyphens and underscores, an IPv4 address in its usual spelling, or an IPv6
 * address in brackets. So every URL that is made with it can be read, and no reader cuts it in another place.
 *
 * Stricter than the grammar, whose `sub-delims` and percent-encodings no host has that answers over HTTP.
 */
export function isHost(text: string): boolean {
  if (text === lastHost) return true
  if (!isAnyHost(text)) return false
  lastHost = text
  return true
}

/** Most requests name the host that the one before them named. */
let lastHost = 'localhost'

function isAnyHost(text: string): boolean {
  if (text.length > longestHost) return false
  const [, address, portOfAddress = ''] = bracketed.exec(text) ?? []
  if (address !== undefined) return isIP(address) === 6 && isPort(portOfAddress)
  const [, name, dot, portOfName = ''] = named.exec(text) ?? []
  if (name === undefined || !isPort(portOfName)) return false
  if (numberAtEnd.test(name)) return dot === '' && isIP(name) === 4
  return !mayBePunycode.test(name) || URL.canParse(`http://${name}`)
}

function isPort(text: string): boolean {
  return text === '' || (port.test(text) && Number(text.slice(1)) <= 65_535)
}

/** Not every text behind `xn--` is a name of other letters. */
const mayBePunycode = /(?:^|\.)xn--/i
