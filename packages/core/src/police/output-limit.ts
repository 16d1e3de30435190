import { compilePointer, type CompiledPointer, type OutputLimit, readAll } from '@postern/gateways'
import { Refusal } from '../refusal.js'
import { compileNames, type ReadNames, refuseOtherSpellings } from '../read/strict-names.js'

interface CompiledLimit {
  readonly places: readonly CompiledPointer[]
  readonly copies: readonly CompiledPointer[]
  readonly names: ReadNames
}

const compiled = new WeakMap<OutputLimit, CompiledLimit>()

/**
 * Keeps a request's answer to a ceiling of tokens. What a request does not say, the gateway decides, and it may
 * decide on more; so a request must say it, in a way that has one reading. Answers that are asked for several times over count as often.
 *
 * @throws {Refusal} 400 `request_malformed`.
 */
export function checkOutputLimit(ceiling: number | undefined, limit: OutputLimit | undefined, body: object): void {
  if (ceiling === undefined || limit === undefined) return
  const { places, copies, names } = compile(limit)
  refuseOtherSpellings(body, names)
  const asked = places.flatMap((place) => readAll(body, place))
  const times = copies.flatMap((place) => readAll(body, place))
  const param = limit.places[0]?.slice(1).replaceAll('/', '.') ?? 'max_tokens'
  if (asked.length === 0)
    throw refusal(`This caller may ask for at most ${ceiling} tokens, and a request must say how many in ${param}.`, param)
  const most = Math.max(...asked.map(countOf)) * Math.max(1, ...times.map(countOf))
  if (!(most <= ceiling)) throw refusal(`This caller may ask for at most ${ceiling} tokens.`, param)
}

function compile(limit: OutputLimit): CompiledLimit {
  let found = compiled.get(limit)
  if (found === undefined) {
    const places = limit.places.map(compilePointer)
    const copies = limit.copies.map(compilePointer)
    const names = compileNames([...places, ...copies].map(({ segments }) => segments.map(({ name }) => name)))
    found = { places, copies, names }
    compiled.set(limit, found)
  }
  return found
}

/** Anything but a number that counts is more than is allowed: a gateway could read it in its own way. */
function countOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : Infinity
}

function refusal(message: string, param: string): Refusal {
  return new Refusal('request_malformed', { message, param })
}
