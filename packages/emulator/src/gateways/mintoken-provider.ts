import type { Answer } from '../answer.js'
import type { JsonRecord } from '../json-value.js'
import type { Refusal } from '../refusal.js'

/** The refusals of a provider behind Mintoken. Their names are names of cases. */
export type ProviderRefusal = 'provider_key_rejected' | 'provider_bad_request' | 'provider_rate_limited' | 'provider_overloaded'

/** A model provider: Mintoken passes its answers on, errors included, in the provider's own form. */
export interface MintokenProvider {
  readonly refusals: Readonly<Record<ProviderRefusal, Refusal>>
  /** Whether the provider would understand the body. */
  accepts(body: JsonRecord): boolean
  streams(body: JsonRecord, query: URLSearchParams): boolean
  answer(body: JsonRecord, pieces: readonly string[], number: number, streaming: boolean, variant?: string): Answer
}

const SUMMARIES: Record<ProviderRefusal, string> = {
  provider_key_rejected: 'the provider does not know the key in X-Provider-Key',
  provider_bad_request: 'the provider does not understand the body',
  provider_rate_limited: 'the provider throttles',
  provider_overloaded: 'the provider is overloaded',
}

type Row = readonly [status: number, body: unknown]

export function providerRefusals(rows: Record<ProviderRefusal, Row>): Record<ProviderRefusal, Refusal> {
  const refusal = (name: ProviderRefusal): Refusal => ({ status: rows[name][0], body: rows[name][1], summary: SUMMARIES[name] })
  const names = Object.keys(SUMMARIES) as ProviderRefusal[]
  return Object.fromEntries(names.map((name) => [name, refusal(name)])) as Record<ProviderRefusal, Refusal>
}
