import { isIP } from 'node:net'

/** The longest host with its port, in characters (RFC 1035, 2.3.4). */
const maxHostChars = 262

const bracketed = /^\[([0-9A-Fa-f:.]+)\](.*)$/
const named = /^([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)(\.?)(|:.*)$/
const port = /^:\d{1,5}$/

/** URL parsers read a name whose last label is such a number as an IPv4 address (URL standard, "ends in a number"). */
const numberAtEnd = /(?:^|\.)(?:\d+|0[xX][0-9A-Fa-f]*)$/

/**
 * Whether a text is a host for `Host` and for an http URL, with or without a port (RFC 9110, 7.2; RFC 3986, 3.2): a name of
 * letters, digits, hyphens and underscores, an IPv4 address with four decimal numbers, or an IPv6 address in brackets. So a
 * URL with this host can be parsed, and all parsers find the same host in it.
 *
 * Stricter than RFC 3986: `sub-delims` and percent-encoding are refused, since no host on HTTP uses them.
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
  if (text.length > maxHostChars) return false
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

/** Labels with `xn--` must be valid Punycode, which only the URL parser checks. */
const mayBePunycode = /(?:^|\.)xn--/i
