import { isAscii, isUtf8 } from 'node:buffer'
import { inTurns } from '../lib/in-turns.js'
import { foldCase } from '@postern/gateways'
import { Refusal } from '@postern/ports'
import { type MemberVisitor, walkMembers } from '../lib/json-members.js'
import { type JsonCounts, JsonReader, type Repetition } from '../lib/json-reader.js'
import { isContent } from './content.js'
import { type JsonBody, LargeJsonBody, SmallJsonBody } from './json-body.js'

/** How many bytes and values, of members and items, are read in one turn of the event loop; a larger body takes several turns. */
const maxTurnBytes = 256 * 1024
const maxTurnValues = 10_000

/** Maximum number of outermost members. No API has more, and comparing more would block the event loop. */
const maxTopMembers = 1000

/** Maximum number of members at all depths together. A member costs up to 500 bytes of memory until its request ends. */
const maxMembers = 100_000

/** Maximum number of strings at all depths together. Numbers are not limited: they cost little, and lists of tokens are long. */
const maxStrings = 200_000

/** Maximum length of a name, in characters. No API has a longer one, and folding it takes time. */
const maxNameChars = 1024

const maxContainers = 100_000
const maxDepth = 500

/**
 * Reads a JSON body for policy, and refuses what two parsers could read differently: invalid UTF-8, a byte order mark, a
 * repeated member (RFC 8259, 4), or outermost members that differ only in case. In the input of a model a member may be
 * repeated, unless `looksInContent` is set.
 *
 * A large body is read in slices, and the event loop serves other requests in between.
 *
 * @param looksInContent `true` if policy checks members at any depth, input of the model included.
 * @param owner Names the caller whose body it is, for its turns. Default: the empty text.
 * @throws {Refusal} 400 `request_malformed`; for a body in slices the promise rejects.
 */
export function readJson(bytes: Buffer, looksInContent = false, owner = ''): JsonBody | Promise<JsonBody> {
  const text = readText(bytes)
  const repetition = looksInContent ? nowhere : onlyInContent
  return (bytes.length <= maxTurnBytes ? readAtOnce(text, repetition) : undefined) ?? readInTurns(text, bytes.length, repetition, owner)
}

/**
 * The same for a small body, at once.
 *
 * @param bytes At most 256 KiB; more would block the event loop.
 * @param looksInContent Default `false`: in the input of a model a member may be repeated.
 * @returns The members of the outermost object.
 * @throws {Refusal} 400 `request_malformed`.
 */
export function readJsonObject(bytes: Buffer, looksInContent = false): Readonly<Record<string, unknown>> {
  const text = readText(bytes)
  const repetition = looksInContent ? nowhere : onlyInContent
  return (readAtOnce(text, repetition) ?? readBySteps(text, repetition)).members
}

/** Most bodies are ASCII; decoding them as Latin-1 gives the same text, faster. */
function readText(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString('latin1')
  if (!isUtf8(bytes)) throw malformed('The body is not valid UTF-8.')
  return bytes.toString('utf8')
}

/** Reads with JSON.parse, which is right for nearly all bodies. `undefined` if there are too many values for one turn. */
function readAtOnce(text: string, repetition: Repetition): JsonBody | undefined {
  const { members, values } = beginsObject.test(text) ? walkStrictly(text) : nothingWalked
  if (values > maxTurnValues) return undefined
  const value = asObject(parse(text))
  // Fewer members than the text has names: some are repeated.
  if (countMembers(value) < members) return readBySteps(text, repetition)
  return new SmallJsonBody(value, text)
}

function readBySteps(text: string, repetition: Repetition): JsonBody {
  const reader = new StrictReader(text, repetition)
  while (!reader.step());
  return reader.body()
}

async function readInTurns(text: string, bytes: number, repetition: Repetition, owner: string): Promise<JsonBody> {
  // The limit is in bytes, and the reader counts characters.
  const reader = new StrictReader(text, repetition, Math.floor((maxTurnBytes * text.length) / bytes))
  await inTurns(() => reader.step(), owner)
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

/** Checks names and counts during the walk. A class and not closures: see ADR 0003. */
class OddMembers implements MemberVisitor {
  readonly #names = new TopNames()
  /** How many objects and lists have begun. */
  opened = 0

  begins(spelled: string): void {
    this.#names.add(spelled)
  }

  opens(depth: number): void {
    this.opened += 1
    checkCounts({ members: 0, strings: 0, containers: this.opened, depth })
  }

  ends(): void {}
}

/** The names of the outermost object; refuses a name that is repeated, also in another case. */
class TopNames {
  readonly #seen = new Set<string>()

  add(spelled: string): void {
    checkName(spelled)
    const name = foldCase(spelled)
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

  /** Reads as much as one turn allows. Returns whether the text is read completely. */
  step(): boolean {
    const reader = this.#reader
    let done: boolean
    try {
      done = reader.read(this.#maxTurnChars, maxTurnValues)
    } catch (error) {
      throw error instanceof SyntaxError ? notWellFormed() : error
    }
    checkCounts(reader.counts)
    for (; this.#named < reader.spans.length; this.#named += 1) this.#names.add((reader.spans[this.#named] as { name: string }).name)
    return done
  }

  body(): JsonBody {
    return new LargeJsonBody(asObject(this.#reader.value), this.#text, this.#reader.spans)
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

/** Counts the members of all objects in a value, and checks their names. The walk has bounded its depth before. */
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

/** What stands in a text, at all depths together. */
interface Walked {
  readonly members: number
  /** The values of members and the items of lists, at most: an empty object or list counts twice. */
  readonly values: number
}

const nothingWalked: Walked = { members: 0, values: 0 }

function walkStrictly(text: string): Walked {
  const odd = new OddMembers()
  try {
    const { members, further } = walkMembers(text, odd)
    return { members, values: further + odd.opened }
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
