import { compilePointer, type CompiledPointer, type Endpoint, type OutputLimit, readAll } from '@postern/gateways'
import { rememberNames, squashName } from '../lib/squash-name.js'
import { Refusal } from '../refusal.js'
import { compileNames, type ReadNames, refuseOtherSpellings } from '../read/strict-names.js'
import { type Amount, amountNamed, holdsSettings } from './amount-names.js'
import type { Members, Visit } from './visit-members.js'

interface CompiledLimit {
  readonly places: readonly CompiledPointer[]
  readonly copies: readonly CompiledPointer[]
  readonly prompts: readonly CompiledPointer[]
  readonly others: readonly CompiledPointer[]
  readonly beside: readonly CompiledPointer[]
  readonly names: ReadNames
  /** Whether something of this name, or below it, is read in the outermost object. */
  readonly readsAtTop: (name: string) => boolean
  /** What is read in objects of the outermost one, by their names. */
  readonly readWithin: ReadonlyMap<string, ReadonlySet<string>>
}

const compiled = new WeakMap<OutputLimit, CompiledLimit>()

/** A request under a ceiling, before its body is read. */
export interface UnderCeiling {
  readonly ceiling: number | undefined
  readonly endpoint: Endpoint
}

/**
 * Refuses what no ceiling can be read of: a model runs, and its answer has a length, and no member says how much, or
 * nothing that is read here.
 *
 * @returns Whether the body must say how much.
 * @throws {Refusal} 400 `request_malformed`.
 */
export function needsCeiling({ ceiling, endpoint }: UnderCeiling): boolean {
  if (ceiling === undefined || endpoint.model === 'none' || endpoint.ceiling === 'none') return false
  const limit = endpoint.format.outputLimit
  if (limit === undefined || endpoint.model === 'stored')
    throw new Refusal('request_malformed', {
      message: `This caller may ask for at most ${ceiling} tokens, and a request to this endpoint cannot say how many.`,
      help: 'Use another endpoint. For the operator: "ceiling: none" under "gateways.<name>.endpoints" lets it pass in spite of maxTokens.',
    })
  return true
}

/** A body that is not JSON, or that is not there, says nothing of a ceiling. */
export function refuseUnreadableCeiling({ ceiling, endpoint }: UnderCeiling): never {
  throw unsaid(ceiling as number, paramOf(endpoint.format.outputLimit as OutputLimit))
}

/**
 * Keeps a request's answers to a ceiling of tokens, all of them together. What a request does not say, the gateway
 * decides, and it may decide on more; so a request must say it, in a way that has one reading. Answers that are asked
 * for several times over, and to several prompts, count as often.
 *
 * @throws {Refusal} 400 `request_malformed`.
 */
export function checkOutputLimit(ceiling: number, limit: OutputLimit, body: Members): void {
  const { places, copies, prompts, others, beside, names } = compile(limit)
  refuseOtherSpellings(body, names)
  const param = paramOf(limit)
  const asked = readEach(body, places)
  if (asked.length === 0) throw unsaid(ceiling, param)
  const tokens = largest([...asked, ...readEach(body, others)], countOf)
  const times = largest(readEach(body, copies), countOf)
  const questions = countQuestions(body, prompts)
  if (!(tokens * times * questions <= ceiling)) throw tooMany(ceiling, compile(limit), body)
  const writer = beside.find((place) => readAll(body, place).some((value) => value !== false))
  if (writer !== undefined) throw writesBeside(ceiling, writer.segments[0]?.name ?? param)
}

/** Of prompts in several places, a server may answer each, or each of one with each of another. */
function countQuestions(body: Members, prompts: readonly CompiledPointer[]): number {
  let [sum, product] = [0, 1]
  for (const place of prompts) {
    const found = readAll(body, place)
    if (found.length === 0) continue
    const count = largest(found, isPrompt(place) ? countEach : countPrompts)
    sum += count
    product *= count
  }
  return Math.max(sum, product)
}

/** Names the member that is no number, or that alone asks for too many; where none does, it is what they make together. */
function tooMany(ceiling: number, { places, copies, others }: CompiledLimit, body: Members): Refusal {
  const counts = [...places, ...others, ...copies].flatMap((place) =>
    readAll(body, place).map((value) => ({ place, count: countOf(value) })),
  )
  const odd = counts.find(({ count }) => count === Infinity)
  if (odd !== undefined) {
    const name = nameOf(odd.place)
    return refusal(`${name} is not a whole number above 0, and this caller may ask for at most ${ceiling} tokens.`, name)
  }
  const large = counts.find(({ place, count }) => count > ceiling && !copies.includes(place))
  if (large !== undefined) return refusal(`This caller may ask for at most ${ceiling} tokens.`, nameOf(large.place))
  return refusal(
    `This caller may ask for at most ${ceiling} tokens, in all answers to a request together.`,
    nameOf(places[0] as CompiledPointer),
  )
}

/** Looks for a tool with a model of its own, which writes as much as that model likes; `undefined` where there are no tools. */
export function ownModelTools(ceiling: number, body: Members): Visit | undefined {
  if (!('tools' in body)) return undefined
  return ({ name, value, top }) => {
    if (top !== 'tools') return
    if (name === 'type' ? value === 'image_generation' : squashName(name) === 'model' && value !== null)
      throw writesBeside(ceiling, 'tools')
  }
}

/**
 * Refuses a number of tokens, or of answers, that stands elsewhere than where it is read, under any name that speaks of
 * one: it could count with a gateway and does not here. What is asked for in the body's own words is looked at by
 * {@link checkOutputLimit}.
 */
export function hiddenCeilings(ceiling: number, limit: OutputLimit): Visit {
  const { readsAtTop, readWithin } = compile(limit)
  return ({ name, top, isTop, value, within, depth, inContent }) => {
    if (inContent || value === null || value === undefined) return
    const isReadAtTop = readsAtTop(name)
    const amount = amountNamed(name)
    if (amount === 'none' && !isReadAtTop) return
    // What stands deeper in an object of the format's own is none of its settings.
    const ownSettings = readWithin.get(top)
    if (isTop ? isReadAtTop : ownSettings !== undefined && (depth > 1 || ownSettings.has(name))) return
    const isPart = amount === 'part' || (amount === 'length' && depth === 1 && thinks.test(within as string))
    if ((isReadAtTop && !isPart && holdsSettings(top)) || asksFor(amount, value, isPart ? ceiling : undefined))
      throw refusal(
        `This caller may ask for at most ${ceiling} tokens, and how many is said in ${paramOf(limit)} alone.`,
        (isTop ? name : `${top}.${name}`).slice(0, 64),
      )
  }
}

/**
 * The same for what is no body, such as a query: nothing of it may stand there.
 */
export function anyCeiling(limit: OutputLimit): Visit {
  const { readsAtTop } = compile(limit)
  return ({ name }) => {
    if (readsAtTop(name) || amountNamed(name) !== 'none')
      throw refusal('How many tokens are asked for is said in the body and not in the query.', name.slice(0, 64))
  }
}

/** What a model thinks is a part of what it writes. */
const thinks = /^(?:reasoning|thinking)$/

/** Whether a value asks for more than one answer, or for tokens: for more than `bound` of them where that is given. */
function asksFor(amount: Amount, value: unknown, bound: number | undefined): boolean {
  if (amount === 'none') return false
  if (Array.isArray(value)) return amount !== 'answers' && value.some((item) => asksFor(amount, item, bound))
  if (typeof value !== 'number' && typeof value !== 'string') return false
  if (value === '') return false
  if (amount === 'answers') return value !== 1 && value !== '1' && !(typeof value === 'string' && !/^\s*[-+.\d]/.test(value))
  return bound === undefined || !(typeof value === 'number' && value <= bound)
}

function writesBeside(ceiling: number, member: string): Refusal {
  return refusal(`This caller may ask for at most ${ceiling} tokens, and what "${member}" sets to work writes beside them.`, member)
}

/** The largest of what each value counts as, and 1 where there are none. */
function largest(values: readonly unknown[], count: (value: unknown) => number): number {
  let most = 1
  for (const value of values) most = Math.max(most, count(value))
  return most
}

function compile(limit: OutputLimit): CompiledLimit {
  let found = compiled.get(limit)
  if (found === undefined) {
    const [places, copies, prompts, others, beside] = [
      limit.places,
      limit.copies,
      limit.prompts ?? [],
      limit.others ?? [],
      limit.beside ?? [],
    ].map((pointers) => pointers.map(compilePointer)) as [
      CompiledPointer[],
      CompiledPointer[],
      CompiledPointer[],
      CompiledPointer[],
      CompiledPointer[],
    ]
    const paths = [...places, ...copies, ...prompts, ...others, ...beside].map(({ segments }) => segments.map(({ name }) => name))
    const topNames = new Set(paths.map(([first]) => squashName(first as string)))
    const readsAtTop = rememberNames((name) => topNames.has(squashName(name)))
    const readWithin = new Map<string, Set<string>>()
    for (const [first, second] of paths)
      if (second !== undefined) readWithin.set(first as string, (readWithin.get(first as string) ?? new Set()).add(second))
    compiled.set(limit, (found = { places, copies, prompts, others, beside, names: compileNames(paths), readsAtTop, readWithin }))
  }
  return found
}

function readEach(body: Members, places: readonly CompiledPointer[]): readonly unknown[] {
  return places.flatMap((place) => readAll(body, place))
}

/** Anything but a number that counts is more than is allowed: a gateway could read it in its own way. */
function countOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : Infinity
}

/** A list of tokens is one prompt, and a list of messages one conversation; of anything else each entry is one. */
function countPrompts(value: unknown): number {
  if (!Array.isArray(value)) return 1
  const entries = value as readonly unknown[]
  const isOne = entries.every((entry) => typeof entry === 'number') || entries.every(isMessage)
  return isOne ? 1 : entries.length
}

/** Whether a place holds prompts and not a conversation. */
function isPrompt({ segments }: CompiledPointer): boolean {
  return (segments[0] as { readonly name: string }).name.startsWith('prompt')
}

/** A list of tokens is one prompt; of anything else each entry is one. */
function countEach(value: unknown): number {
  if (!Array.isArray(value)) return 1
  return (value as readonly unknown[]).every((entry) => typeof entry === 'number') ? 1 : value.length
}

function isMessage(entry: unknown): boolean {
  return typeof entry === 'object' && entry !== null && !Array.isArray(entry)
}

function nameOf({ segments }: CompiledPointer): string {
  return segments.map(({ name }) => name).join('.')
}

function paramOf({ places }: OutputLimit): string {
  return places[0]?.slice(1).replaceAll('/', '.') ?? 'max_tokens'
}

function unsaid(ceiling: number, param: string): Refusal {
  return refusal(`This caller may ask for at most ${ceiling} tokens, and a request must say how many in ${param}.`, param)
}

function refusal(message: string, param: string): Refusal {
  return new Refusal('request_malformed', { message, param })
}
