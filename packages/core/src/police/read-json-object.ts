import { isAscii, isUtf8 } from 'node:buffer'
import { Refusal } from '../refusal.js'

/**
 * Reads a JSON body that policy is about to decide on, and refuses what two parsers could read differently:
 * invalid UTF-8, a byte order mark, a member that stands twice or in two spellings of case (RFC 8259, 4).
 *
 * Only the top level is checked for repetition; policy reads nothing below it.
 */
export function readJsonObject(bytes: Buffer): Readonly<Record<string, unknown>> {
  const text = readText(bytes)
  const value = parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('The body is not a JSON object.')
  refuseRepeatedMembers(text)
  return value as Record<string, unknown>
}

/** Most bodies are ASCII, and reading those as Latin-1 is the same and faster. */
function readText(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString('latin1')
  if (!isUtf8(bytes)) throw malformed('The body is not valid UTF-8.')
  return bytes.toString('utf8')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw malformed('The body is not well-formed JSON.')
  }
}

const quote = 0x22
const backslash = 0x5c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d
const comma = 0x2c

/** No API has a request with so many; comparing more would hold up every other caller. */
const mostMembers = 1000

/** Walks well-formed JSON text and compares the names of the outermost object's members. */
function refuseRepeatedMembers(text: string): void {
  const seen = new Set<string>()
  let depth = 0
  let nameExpected = false
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charCodeAt(index)
    if (character === quote) {
      const end = endOfString(text, index)
      if (nameExpected && depth === 1) {
        const raw = text.slice(index + 1, end)
        const name = (raw.includes('\\') ? (JSON.parse(text.slice(index, end + 1)) as string) : raw).toLowerCase()
        if (seen.has(name)) throw malformed(`The member "${name.slice(0, 64)}" stands in the body more than once.`)
        seen.add(name)
        if (seen.size > mostMembers) throw malformed(`The body has more than ${mostMembers} members.`)
        nameExpected = false
      }
      index = end
    } else if (character === openBrace) {
      depth += 1
      nameExpected = depth === 1
    } else if (character === openBracket) depth += 1
    else if (character === closeBrace || character === closeBracket) depth -= 1
    else if (character === comma && depth === 1) nameExpected = true
  }
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end
}

/** Whether an odd number of backslashes stands before the position. */
function isEscaped(text: string, position: number): boolean {
  let before = position - 1
  while (text.charCodeAt(before) === backslash) before -= 1
  return (position - before) % 2 === 0
}

function malformed(message: string): Refusal {
  return new Refusal('request_malformed', { message })
}
