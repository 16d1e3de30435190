import { isAscii, isUtf8 } from 'node:buffer'
import { inTurns } from '../lib/in-turns.js'
import { foldName, type MemberVisitor, walkMembers } from '../lib/json-members.js'
import { type JsonCounts, JsonReader, type Repetition } from '../lib/json-reader.js'
import { Refusal } from '../refusal.js'
import { isContent } from './content.js'
import { type JsonBody, SmallJsonBody } from './json-body.js'

/** The most bytes, and members, that are read in one turn of the event loop; a larger body is read in several. */
const maxTurnBytes = 256 * 1024
const maxTurnMembers = 10_000

/** No API has a request with so many members; comparing more would hold up every other caller. */
const maxTopMembers = 1000

/** At all depths together. A member costs up to 500 bytes of memory while its request lasts. */
const maxMembers = 100_000

/** Likewise; numbers cost little, and a list of tokens may have as many as there are bytes for. */
const maxStrings = 200_000

/** No API has a member with a longer name, in characters, and folding a name takes time by its length. */
const maxNameChars = 1024

const maxContainers = 100_000
const maxDepth = 500

/**
 * Reads a JSON body that policy is about to decide on, and refuses what two parsers could read differently:
 * invalid UTF-8, a byte order mark, a member that stands twice, or at the top in two spellings of case (RFC 8259, 4).
 * In what a model reads a member may stand twice, unless policy looks there as well.
 *
 * A large body is read in slices, between which other callers are served.
 *
 * @param looksInContent Whether policy looks at members of any depth, content included.
 * @throws {Refusal} 400 `request_malformed`; where it is read in slices, by rejecting.
 */
export function readJson(bytes: Buffer, looksInContent = false): JsonBody | Promise<JsonBody> {
  const text = readText(bytes)
  const repetition = looksInContent ? nowhere : onlyInContent
  return (bytes.length <= maxTurnBytes ? readAtOnce(text, repetition) : undefined) ?? readInTurns(text, bytes.length, repetition)
}

/**
 * The same of a body that is known to be small.
 *
 * @param bytes At most 256 KiB.
 */
export function readJsonObject(bytes: Buffer, looksInContent = false): Readonly<Record<string, unknown>> {
  const text = readText(bytes)
  const repetition = looksInContent ? nowhere : onlyInContent
  return (readAtOnce(text, repetition) ?? readBySteps(text, repetition)).members
}

/** Most bodies are ASCII, and reading those as Latin-1 is the same and faster. */
function readText(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString('latin1')
  if (!isUtf8(bytes)) throw malformed('The body is not valid UTF-8.')
  return bytes.toString('utf8')
}

/** The way of nearly all bodies: what JSON.parse makes of it. `undefined` where there are too many members for one turn. */
function readAtOnce(text: string, repetition: Repetition): JsonBody | undefined {
  const written = beginsObject.test(text) ? walkStrictly(text) : 0
  if (written > maxTurnMembers) return undefined
  const value = asObject(parse(text))
  // Where fewer came out than stand there, some stand twice.
  if (countMembers(value) < written) return readBySteps(text, repetition)
  return new SmallJsonBody(value, text)
}

function readBySteps(text: string, repetition: Repetition): JsonBody {
  const reader = new StrictReader(text, repetition)
  while (!reader.step());
  return reader.body()
}

async function readInTurns(text: string, bytes: number, repetition: Repetition): Promise<JsonBody> {
  // Characters beyond ASCII have several bytes.
  const reader = new StrictReader(text, repetition, Math.floor((maxTurnBytes * text.length) / bytes))
  await inTurns(() => reader.step())
  return reader.body()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw notWellFormed()
  }
}

const beginsObject = /^\s*\{/

/** A class for the reason that ADR 0003 gives. */
class OddMembers implements MemberVisitor {
  readonly #names = new TopNames()
  #opened = 0

  begins(spelled: string): void {
    this.#names.add(spelled)
  }

  opens(depth: number): void {
    this.#opened += 1
    checkCounts({ members: 0, strings: 0, containers: this.#opened, depth })
  }

  ends(): void {}
}

/** The names of one object, in which none stands twice or in two spellings. */
class TopNames {
  readonly #seen = new Set<string>()

  add(spelled: string): void {
    checkName(spelled)
    const name = foldName(spelled)
    if (this.#seen.has(name)) throw standsTwice(name)
    this.#seen.add(name)
    if (this.#seen.size > maxTopMembers) throw malformed(`The body has more than ${maxTopMembers} members.`)
  }
}

/** Reads a text of any size step by step. */
class StrictReader {
  readonly #text: string
  readonly #reader: JsonReader
  readonly #names = new TopNames()
  readonly #maxTurnChars: number
  #named = 0

  constructor(text: string, repetition: Repetition, maxTurnChars = maxTurnBytes) {
    this.#text = text
    this.#maxTurnChars = maxTurnChars
    this.#reader = new JsonReader(text, repetition, checkName)
  }

  /** Reads as much as may be read in one turn; says whether that was the rest. */
  step(): boolean {
    const reader = this.#reader
    let done: boolean
    try {
      done = reader.read(this.#maxTurnChars, maxTurnMembers)
    } catch (error) {
      throw error instanceof SyntaxError ? notWellFormed() : error
    }
    checkCounts(reader.counts)
    for (; this.#named < reader.spans.length; this.#named += 1) this.#names.add((reader.spans[this.#named] as { name: string }).name)
    return done
  }

  body(): JsonBody {
    return { members: asObject(this.#reader.value), text: this.#text, spans: this.#reader.spans }
  }
}

const onlyInContent: Repetition = { allowedIn: isContent, found: refuseRepetition }
const nowhere: Repetition = { allowedIn: () => false, found: refuseRepetition }

function refuseRepetition(name: string): never {
  throw standsTwice(name)
}

function checkName({ length }: { readonly length: number }): void {
  if (length > maxNameChars) throw malformed(`A member of the body has a name of more than ${maxNameChars} characters.`)
}

function checkCounts({ members, strings, containers, depth }: JsonCounts): void {
  if (members > maxMembers) throw malformed(`The body has more than ${maxMembers} members.`)
  if (strings > maxStrings) throw malformed(`The body has more than ${maxStrings} strings.`)
  if (containers > maxContainers) throw malformed(`The body has more than ${maxContainers} objects and lists.`)
  if (depth > maxDepth) throw malformed(`The body is deeper than ${maxDepth} objects and lists.`)
}

/** The members of all objects below a value together, none of which has too long a name. Its depth is bounded. */
function countMembers(value: unknown): number {
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object' && item !== null) count += countMembers(item)
  } else {
    const members = value as Readonly<Record<string, unknown>>
    for (const name in members) {
      count += 1
      checkName(name)
      const member = members[name]
      if (typeof member === 'object' && member !== null) count += countMembers(member)
    }
  }
  return count
}

function walkStrictly(text: string): number {
  try {
    return walkMembers(text, new OddMembers())
  } catch (error) {
    throw error instanceof SyntaxError ? notWellFormed() : error
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('The body is not a JSON object.')
  return value as Record<string, unknown>
}

function standsTwice(name: string): Refusal {
  return malformed(`The member "${name.slice(0, 64)}" stands in the body more than once.`)
}

function notWellFormed(): Refusal {
  return malformed('The body is not well-formed JSON.')
}

function malformed(message: string): Refusal {
  return new Refusal('request_malformed', { message })
}
