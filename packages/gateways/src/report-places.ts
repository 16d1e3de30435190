import type { AnswerFormat, UsagePlaces } from './answer-format.js'
import type { Dialect } from './dialect.js'
import { type CompiledPointer, compilePointer, type Pointer } from './pointer.js'

/** Where answers say what a call used, cost or ran as, within one outermost member. */
export interface ReportPlaces {
  /** The name of the outermost member. */
  readonly member: string
  /** Each leads into that member. */
  readonly places: readonly CompiledPointer[]
}

/**
 * The places of an answer that decide what is booked, and that a request could fill as well: a gateway that repeats members of the request
 * in its answer, as the Responses API does with `metadata`, would have the caller write its own bill. An outermost member itself, such as
 * `model`, is none of them: requests have it rightfully. Nor is the id of a request: it decides nothing.
 */
export function reportPlaces({ governance: { body } }: Dialect, { model, usage }: AnswerFormat): readonly ReportPlaces[] {
  const cost = body.cost === undefined ? [] : [body.cost.amount, ...('unit' in body.cost ? [body.cost.unit] : [])]
  const named = [...(body.model ?? []), ...model, ...(body.provider ?? []), ...(body.attempts ?? []), ...(body.tier ?? [])]
  const places = new Map<string, CompiledPointer[]>()
  for (const pointer of new Set([...cost, ...named, ...placesOf(usage), ...placesOf(body.usage)])) {
    const compiled = compilePointer(pointer)
    const [first, second] = compiled.segments
    if (first === undefined || second === undefined) continue
    places.set(first.name, [...(places.get(first.name) ?? []), compiled])
  }
  return [...places].map(([member, within]) => ({ member, places: within }))
}

function placesOf(usage: UsagePlaces | undefined): readonly Pointer[] {
  if (usage === undefined) return []
  const { input, besideInput = [], output, besideOutput = [], cached, reasoning, total } = usage
  return [...input, ...besideInput, ...output, ...besideOutput, ...cached, ...reasoning, ...total]
}
