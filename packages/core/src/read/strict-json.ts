import { isAscii, isUtf8 } from 'node:buffer'
import { foldName, type MemberVisitor, walkMembers } from '../lib/json-members.js'
import { Refusal } from '../refusal.js'

/**
 * Reads a JSON body that policy is about to decide on, and refuses what two parsers could read differently:
 * invalid UTF-8, a byte order mark, a member that stands twice or in two spellings of case (RFC 8259, 4).
 *
 * Only the top level is checked for repetition. Where policy reads below it, it checks that as well.
 */
export function readJsonObject(bytes: Buffer): Readonly<Record<string, unknown>> {
  const text = readText(bytes)
  if (beginsObject.test(text)) refuseOddMembers(text)
  const value = parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('The body is not a JSON object.')
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

const beginsObject = /^\s*\{/

/** No API has a request with so many; comparing more would hold up every other caller. */
const mostMembers = 1000

/** Likewise of objects and lists, at any depth. */
const mostContainers = 100_000

/** No API has a request so deep; building one would hold up every other caller. */
const mostDepth = 500

/** A class for the reason that ADR 0003 gives. */
class OddMembers implements MemberVisitor {
  readonly #seen = new Set<string>()
  #opened = 0

  begins(spelled: string): void {
    const name = foldName(spelled)
    if (this.#seen.has(name)) throw malformed(`The member "${name.slice(0, 64)}" stands in the body more than once.`)
    this.#seen.add(name)
    if (this.#seen.size > mostMembers) throw malformed(`The body has more than ${mostMembers} members.`)
  }

  opens(depth: number): void {
    this.#opened += 1
    if (this.#opened > mostContainers) throw malformed(`The body has more than ${mostContainers} objects and lists.`)
    if (depth > mostDepth) throw malformed(`The body is deeper than ${mostDepth} objects and lists.`)
  }

  ends(): void {}
}

/** Refuses an object, given as text, in which a member stands twice or in two spellings. */
export function refuseOddMembers(text: string): void {
  try {
    walkMembers(text, new OddMembers())
  } catch (error) {
    throw error instanceof SyntaxError ? malformed('The body is not well-formed JSON.') : error
  }
}

function malformed(message: string): Refusal {
  return new Refusal('request_malformed', { message })
}
