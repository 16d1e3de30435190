import type { GovernanceCost, GovernanceQuota, GovernanceUsage } from '@postern/protocol'
import type { AnswerFormat, UsagePlaces } from './answer-format.js'
import type { Dialect } from './dialect.js'
import { type CompiledPointer, compilePointer, type Pointer, readCount, readNumber, readText } from './pointer.js'

/** The facts that one JSON answer, or one event of a stream, states about itself. */
export interface AnswerFacts {
  requestId?: string
  model?: string
  provider?: string
  failover?: boolean
  tier?: string
  cost?: GovernanceCost
  intensity?: string
  durationMs?: number
  /** The stream is complete although its end mark is missing. */
  endedWithoutMark?: true
  quota?: GovernanceQuota
  /** Token counts, with the place that they were read from. */
  usage?: { -readonly [Field in keyof GovernanceUsage]: GovernanceUsage[Field] }
}

/** Reads facts out of the answers of one endpoint. A fact that an answer does not state is absent. */
export interface AnswerReader {
  /** Reads response headers, given by lower-case name. */
  headers(header: (name: string) => string | undefined): AnswerFacts
  /** Reads a parsed JSON answer or stream event. */
  body(document: unknown, source: 'answer' | 'stream'): AnswerFacts
}

/** Compiles a reader of the places where a dialect and a format keep their facts; one for each endpoint. */
export function createAnswerReader(dialect: Dialect, format: AnswerFormat): AnswerReader {
  const { headers, body } = dialect.governance
  const requestId = compileAll(body.requestId)
  const model = compileAll([...(body.model ?? []), ...format.model])
  const provider = compileAll(body.provider)
  const attempts = compileAll(body.attempts)
  const tier = compileAll(body.tier)
  const readCost = costReader(dialect)
  const readUsage = usageReader(format.usage)
  const readMetadataUsage = body.usage === undefined ? undefined : usageReader(body.usage)

  return {
    headers(header) {
      const facts: AnswerFacts = {}
      if (headers.requestId !== undefined) assign(facts, 'requestId', header(headers.requestId))
      if (headers.model !== undefined) assign(facts, 'model', header(headers.model))
      if (headers.provider !== undefined) assign(facts, 'provider', header(headers.provider))
      assign(facts, 'failover', failoverOf(headers, header))
      if (headers.intensity !== undefined) assign(facts, 'intensity', header(headers.intensity))
      if (headers.duration !== undefined) assign(facts, 'durationMs', decimalOf(header(headers.duration)))
      if (headers.quota !== undefined) assign(facts, 'quota', quotaOf(headers.quota, header))
      return facts
    },
    body(document, source) {
      const facts: AnswerFacts = {}
      assign(facts, 'requestId', firstText(document, requestId))
      assign(facts, 'model', firstText(document, model))
      assign(facts, 'provider', firstText(document, provider))
      const made = firstCount(document, attempts)
      if (made !== undefined) facts.failover = made > 1
      assign(facts, 'tier', firstText(document, tier))
      assign(facts, 'cost', readCost?.(document))
      // The gateway's own metadata counts only if the answer has no usage.
      assign(facts, 'usage', readUsage(document, source) ?? readMetadataUsage?.(document, 'gateway_metadata'))
      return facts
    },
  }
}

function failoverOf(headers: Dialect['governance']['headers'], header: (name: string) => string | undefined): boolean | undefined {
  const attempts = headers.attempts === undefined ? undefined : header(headers.attempts)
  if (attempts !== undefined && Number(attempts) > 1) return true
  for (const name of headers.failover ?? []) {
    const value = header(name)
    if (value !== undefined) return value.toLowerCase() !== 'false'
  }
  return attempts === undefined ? undefined : false
}

function quotaOf(
  { used, limit }: { readonly used: string; readonly limit: string },
  header: (name: string) => string | undefined,
): GovernanceQuota | undefined {
  const usedTokens = decimalOf(header(used))
  const limitTokens = decimalOf(header(limit))
  if (usedTokens === undefined) return undefined
  return { used: usedTokens, ...(limitTokens === undefined ? {} : { limit: limitTokens }), unit: 'tokens' }
}

function decimalOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}(?:\.\d{1,6})?$/.test(text) ? Number(text) : undefined
}

function costReader(dialect: Dialect): ((document: unknown) => GovernanceCost | undefined) | undefined {
  const place = dialect.governance.body.cost
  if (place === undefined) return undefined
  const amountAt = compilePointer(place.amount)
  const unitAt = 'unit' in place ? compilePointer(place.unit) : undefined
  const fixedUnit = 'fixedUnit' in place ? place.fixedUnit : undefined
  return (document) => {
    const amount = readNumber(document, amountAt)
    const unit = unitAt === undefined ? fixedUnit : readText(document, unitAt)
    return amount === undefined || amount < 0 || unit === undefined ? undefined : { amount, unit }
  }
}

const usageFields = ['input', 'output', 'cached', 'reasoning', 'total'] as const

function usageReader(places: UsagePlaces): (document: unknown, source: GovernanceUsage['source']) => AnswerFacts['usage'] {
  const besides = { input: places.besideInput, output: places.besideOutput, cached: [], reasoning: [], total: [] }
  const compiled = usageFields.map((field) => ({ field, at: compileAll(places[field]), beside: compileAll(besides[field]) }))
  return (document, source) => {
    let usage: AnswerFacts['usage']
    for (const { field, at, beside } of compiled) {
      const count = firstCount(document, at)
      if (count === undefined) continue
      usage ??= { source }
      usage[field] = beside.reduce((sum, place) => sum + (readCount(document, place) ?? 0), count)
    }
    return usage
  }
}

function compileAll(pointers: readonly Pointer[] | undefined): readonly CompiledPointer[] {
  return (pointers ?? []).map(compilePointer)
}

function firstText(document: unknown, places: readonly CompiledPointer[]): string | undefined {
  for (const place of places) {
    const text = readText(document, place)
    if (text !== undefined) return text
  }
  return undefined
}

function firstCount(document: unknown, places: readonly CompiledPointer[]): number | undefined {
  for (const place of places) {
    const count = readCount(document, place)
    if (count !== undefined) return count
  }
  return undefined
}

function assign<Field extends keyof AnswerFacts>(facts: AnswerFacts, field: Field, value: AnswerFacts[Field] | undefined): void {
  if (value !== undefined) facts[field] = value
}
