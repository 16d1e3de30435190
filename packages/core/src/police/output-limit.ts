import { type CompiledPointer, compilePointer, type Endpoint, type OutputLimit, readAll, squashName } from '@postern/gateways'
import { Refusal } from '@postern/ports'
import { brief } from '../lib/brief.js'
import { rememberNames } from '../lib/remember-names.js'
import { compileReadNames, type ReadNames, refuseOtherSpellings } from '../read/strict-names.js'
import { type Amount, amountNamed, findsResults, holdsSettings } from './amount-names.js'
import { countEach, countOf, countPrompts, isPrompt } from './count-answers.js'
import { namesOfSchemas } from '../read/content.js'
import { compacts } from './compacts.js'
import { oneModel } from './one-model.js'
import { idOf, toolWithModel, visitPlugins } from './runs-unnamed-model.js'
import { definesTools } from './tool-places.js'
import type { Members } from './callers-places.js'
import type { Visit } from './visit-members.js'
import { asksForThinking, type Bound, boundOfThinking, isPartOfLength } from './thinking.js'

interface CompiledLimit {
  readonly places: readonly CompiledPointer[]
  readonly copies: readonly CompiledPointer[]
  readonly prompts: readonly CompiledPointer[]
  readonly others: readonly CompiledPointer[]
  readonly beside: readonly CompiledPointer[]
  readonly names: ReadNames
  /** Whether one of the pointers begins with this name, in any spelling. */
  readonly readsAtTop: (name: string) => boolean
  /** The second names of the pointers, by their first name. */
  readonly readWithin: ReadonlyMap<string, ReadonlySet<string>>
}

const compiled = new WeakMap<OutputLimit, CompiledLimit>()

/** The policy's ceiling of tokens (`maxTokens`; `undefined`: none), and the endpoint of the request. */
export interface UnderCeiling {
  readonly ceiling: number | undefined
  readonly endpoint: Endpoint
}

/**
 * Refuses a request under a ceiling if its endpoint runs a model and no member can state the number of tokens.
 *
 * @returns Whether the body must state the number of tokens.
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

/** Refuses a body that is empty or not JSON, because it cannot state the number of tokens. */
export function refuseUnreadableCeiling({ ceiling, endpoint }: UnderCeiling): never {
  throw unsaid(ceiling as number, paramOf(endpoint.format.outputLimit as OutputLimit))
}

/**
 * Checks that all answers to a request together stay below a ceiling of tokens. The request must state the number, in a
 * spelling that has one reading: otherwise the gateway decides, and may allow more. The number is multiplied by the number
 * of answers (`copies`) and of prompts.
 *
 * @returns How many tokens of thinking each answer may have.
 * @throws {Refusal} 400 `request_malformed`.
 */
export function checkOutputLimit(ceiling: number, limit: OutputLimit, body: Members): Bound {
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
  return boundOfThinking(Math.floor(ceiling / (times * questions)), tokens, limit.countsThinking === true)
}

/** How long the answers to a request may become. */
export interface AskedLength {
  /** The largest limit that the request states, in tokens; `undefined`: none. `Infinity`: it has one that is no number. */
  readonly limit: number | undefined
  /** How many answers are asked for; `Infinity` likewise. */
  readonly answers: number
  /** A member that sets something to work whose output the limit does not bound. */
  readonly writer: string | undefined
}

/**
 * Reads the limit that {@link checkOutputLimit} checks.
 *
 * @throws {Refusal} 400 `request_malformed` if a member has a spelling that servers read differently.
 */
export function readAskedOutput(limit: OutputLimit, body: Members): AskedLength {
  const { places, copies, prompts, others, beside, names } = compile(limit)
  refuseOtherSpellings(body, names)
  const asked = readEach(body, places)
  return {
    // A name of another API does not stand for the limit: a gateway that does not know it answers without one.
    limit: asked.length === 0 ? undefined : largest([...asked, ...readEach(body, others)], countOf),
    answers: largest(readEach(body, copies), countOf) * countQuestions(body, prompts),
    writer: beside.find((place) => readAll(body, place).some((value) => value !== false))?.segments[0]?.name,
  }
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

/**
 * Makes a visit that refuses what writes beside the answer, which no ceiling bounds: a second model that answers, a summary of the
 * conversation, a plugin or a gateway's tool that is not known to run no model, and a tool with a model of its own wherever the
 * format defines tools.
 */
export function writersBeside(ceiling: number): Visit {
  return (member, eachItem) => {
    const { name, value, owner, top, within } = member
    const definesTool = top === 'tools' || (within !== undefined && definesTools(within))
    if (compacts(member)) throw writesBeside(ceiling, name === 'type' ? top : name)
    oneModel(member, eachItem)
    const tool = toolWithModel(member)
    // A model that stands beside the type is refused below, after another visit looked whether policy allows it at all.
    if (tool !== undefined && !(definesTool && typeof owner['model'] === 'string')) throw writesBeside(ceiling, 'tools', tool)
    visitPlugins(member, eachItem, (plugin) => {
      const id = idOf(plugin)
      throw writesBeside(ceiling, 'plugins', typeof id === 'string' ? id : 'plugins')
    })
    if (definesTool && value !== null && squashName(name) === 'model') throw writesBeside(ceiling, 'tools')
  }
}

/**
 * Makes a visit that refuses a number of tokens or answers in any member that {@link checkOutputLimit} does not read: a
 * gateway could read it there. Tokens for thinking may be asked for there.
 *
 * @param thinking How many of them: what {@link checkOutputLimit} gives. Default: as many as a request says.
 */
export function hiddenCeilings(
  ceiling: number,
  limit: OutputLimit,
  thinking: Bound = boundOfThinking(ceiling, 0, limit.countsThinking === true),
): Visit {
  const { names, readsAtTop, readWithin } = compile(limit)
  return (member, eachItem) => {
    const { name, top, isTop, value, within, depth, inContent, inSettings } = member
    if (inContent || value === undefined || (value === null && !inSettings)) return
    const isReadAtTop = readsAtTop(name)
    const amount = amountNamed(name)
    if ((amount === 'none' && !isReadAtTop) || (amount === 'answers' && findsResults(name, top))) return
    // Skip what `checkOutputLimit` reads, which is known by its exact name.
    if (isTop ? names.names.has(name) : depth === 1 && readWithin.get(top)?.has(name) === true) return
    // What is said of texts at which an answer ends is no setting.
    if (depth > 1 && endsAnswers.test(within as string) && readWithin.has(top)) return
    const isPart = isPartOfLength(amount, member)
    const thinks = asksForThinking(member)
    const elsewhere = (): Refusal => {
      const rule = thinks ? 'those for thinking included, in all answers together' : `and how many is said in ${paramOf(limit)} alone`
      return refusal(`This caller may ask for at most ${ceiling} tokens, ${rule}.`, (isTop ? name : `${top}.${name}`).slice(0, 64))
    }
    const bound = thinks ? thinking : isPart ? { least: -Infinity, most: ceiling } : undefined
    const saysCeiling = amount === 'none' ? readWithin.has(name) : !isPart
    if (inSettings && saysCeiling && (value === null || value === '')) throw elsewhere()
    if (value === null) return
    if ((isReadAtTop && !isPart && holdsSettings(top)) || (!limitsNothing(value, within) && asksFor(amount, value, bound)))
      throw elsewhere()
    if (amount === 'answers') return
    eachItem((item) => {
      if (asksFor(amount, item, bound)) throw elsewhere()
    })
  }
}

/** Texts at which an answer ends, in an object of a format. */
const endsAnswers = /^stop_?sequences$/i

/** Makes a visit for the query that refuses every number of tokens or answers. */
export function anyCeiling(limit: OutputLimit): Visit {
  const { readsAtTop } = compile(limit)
  return ({ name }) => {
    if (readsAtTop(name) || amountNamed(name) !== 'none')
      throw refusal('How many tokens are asked for is said in the body and not in the query.', name.slice(0, 64))
  }
}

/**
 * Whether a value asks for more than one answer, or for tokens; with `bound`, only for a number of tokens beyond it. A negative one lets
 * the provider choose, which a format's ceiling bounds only if it counts thinking. `true` lifts a limit, and an object could hold a number under any name.
 */
function asksFor(amount: Amount, value: unknown, bound: Bound | undefined): boolean {
  if (amount === 'none' || value === null || value === undefined || value === false || value === '') return false
  if (typeof value === 'boolean') return bound === undefined
  // A list's items are looked at one by one.
  if (typeof value === 'object') return bound === undefined && amount === 'length' && !Array.isArray(value)
  if (amount === 'answers') return value !== 1 && value !== '1' && !(typeof value === 'string' && !/^\s*[-+.\d]/.test(value))
  return bound === undefined || !(typeof value === 'number' && value >= bound.least && value <= bound.most)
}

/** Whether an object limits no answer: a schema names a property so, or OpenAI limits what of a conversation is read. */
const limitsNothing = (value: unknown, within: string | undefined): boolean =>
  typeof value === 'object' && !Array.isArray(value) && within !== undefined && (namesOfSchemas.test(within) || within === 'truncation')

/** @param what What sets something to work, as the request calls it; by default the member. */
function writesBeside(ceiling: number, member: string, what = member): Refusal {
  const said = JSON.stringify(brief(what))
  return refusal(`This caller may ask for at most ${ceiling} tokens, and what ${said} sets to work writes beside them.`, member)
}

/** The largest count of the values; 1 if there are none. */
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
    compiled.set(limit, (found = { places, copies, prompts, others, beside, names: compileReadNames(paths), readsAtTop, readWithin }))
  }
  return found
}

function readEach(body: Members, places: readonly CompiledPointer[]): readonly unknown[] {
  const values: unknown[] = []
  for (const place of places) for (const value of readAll(body, place)) values.push(value)
  return values
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
