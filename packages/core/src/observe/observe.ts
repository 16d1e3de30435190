import { type AnswerFacts, type AnswerReader, createAnswerReader, type Endpoint } from '@postern/gateways'
import type { Finish, GovernanceRecord } from '@postern/protocol'
import { writeRecord } from '../answers/record.js'
import { brief } from '../lib/brief.js'
import { HeardStream } from './heard-stream.js'
import type { Audience } from '../answers/record-for-client.js'
import type { Permit } from '../police/permit.js'
import type { Reservation } from '../reserve/reservation.js'
import type { Route } from '../resolve/route.js'
import type { Tags } from '../tag/tag.js'

/** Reads facts from an answer as it passes, and builds the record from them at any moment. Never throws, never changes a byte. */
export interface Tap {
  /** Reads response headers, given by lower-case name. */
  head(header: (name: string) => string | undefined): void
  /** Reads a JSON answer, or the JSON of one SSE event; later numbers replace earlier ones. */
  body(document: unknown, source: 'answer' | 'stream'): void
  /** Notes that the stream is complete without its end mark. */
  endsWithoutMark(): void
  /** Notes that the gateway's answer held the key with this alias. */
  repeats(alias: string): void
  /** The alias of the first key that the answer held; `undefined`: none. */
  readonly leaked: string | undefined
  /** Notes that the answer is a stream of events. */
  beginStream(): void
  /** The course of the stream; `undefined` if the answer is not a stream of events. */
  readonly stream: HeardStream | undefined
  /** How many output tokens the answer has reported so far; `undefined`: it has reported none. */
  readonly outputTokens: number | undefined
  /** Whether the model that answered is known. */
  knowsModel(): boolean
  governance(finish: Finish | undefined, overheadMs: number | undefined): GovernanceRecord
  /** Who gets the record; it decides between the full and the public one. */
  readonly audience: Audience
}

/** Makes the tap for one attempt. */
export type Observe = (audience: Audience, sources: TapSources, tags: Tags) => Tap

/** The facts about a call that its record needs. */
export interface TapSources {
  readonly route: Route
  readonly permit: Permit
  readonly reservation: Reservation | undefined
}

export function createObserve(): Observe {
  const readers = new WeakMap<Endpoint, Map<string, AnswerReader>>()

  function readerOf({ endpoint, gateway }: Route): AnswerReader {
    let byDialect = readers.get(endpoint)
    if (byDialect === undefined) readers.set(endpoint, (byDialect = new Map()))
    let reader = byDialect.get(gateway.dialect.id)
    if (reader === undefined) byDialect.set(gateway.dialect.id, (reader = createAnswerReader(gateway.dialect, endpoint.format)))
    return reader
  }

  return (audience, sources, tags) => new AnswerTap(readerOf(sources.route), audience, sources, tags)
}

/** A class and not closures: see ADR 0003. */
class AnswerTap implements Tap {
  readonly audience: Audience
  readonly #reader: AnswerReader
  readonly #sources: TapSources
  readonly #tags: Tags
  readonly #facts: AnswerFacts = {}
  leaked: string | undefined
  stream: HeardStream | undefined

  constructor(reader: AnswerReader, audience: Audience, sources: TapSources, tags: Tags) {
    this.#reader = reader
    this.audience = audience
    this.#sources = sources
    this.#tags = tags
  }

  head(header: (name: string) => string | undefined): void {
    learn(this.#facts, this.#reader.headers(header), undefined)
  }

  body(document: unknown, source: 'answer' | 'stream'): void {
    learn(this.#facts, this.#reader.body(document, source), this.#sources.route.key.currency)
  }

  endsWithoutMark(): void {
    this.#facts.endedWithoutMark = true
  }

  repeats(alias: string): void {
    this.leaked ??= alias
  }

  beginStream(): void {
    this.stream ??= new HeardStream()
  }

  get outputTokens(): number | undefined {
    return this.#facts.usage?.output
  }

  knowsModel(): boolean {
    return this.#facts.model !== undefined
  }

  governance(finish: Finish | undefined, overheadMs: number | undefined): GovernanceRecord {
    const { route, permit, reservation } = this.#sources
    return writeRecord({ tags: this.#tags, route, permit, reservation, facts: this.#facts, finish, overheadMs })
  }
}

/**
 * Merges found facts. For names the first value stays: headers are read first, and the gateway wrote them, while a provider
 * may have written the body. Numbers are replaced, since streams repeat them as they grow.
 *
 * @param currency The key's own unit, which is that of its costs whatever the gateway calls it.
 */
function learn(facts: AnswerFacts, found: AnswerFacts, currency: string | undefined): void {
  if (facts.requestId === undefined && found.requestId !== undefined) facts.requestId = brief(found.requestId)
  if (facts.model === undefined && found.model !== undefined) facts.model = brief(found.model)
  if (facts.provider === undefined && found.provider !== undefined) facts.provider = brief(found.provider)
  if (facts.tier === undefined && found.tier !== undefined) facts.tier = brief(found.tier)
  if (found.failover !== undefined) facts.failover = facts.failover === true || found.failover
  if (found.cost !== undefined) facts.cost = { amount: found.cost.amount, unit: currency ?? brief(found.cost.unit) }
  if (found.intensity !== undefined) facts.intensity = brief(found.intensity)
  if (found.durationMs !== undefined) facts.durationMs = found.durationMs
  if (found.quota !== undefined) facts.quota = found.quota
  if (found.usage !== undefined) facts.usage = mergeUsage(facts.usage, found.usage)
}

/** Usage in the answer replaces usage in the gateway's metadata, never the other way round. */
function mergeUsage(known: AnswerFacts['usage'], found: NonNullable<AnswerFacts['usage']>): NonNullable<AnswerFacts['usage']> {
  if (known === undefined || (known.source === 'gateway_metadata' && found.source !== 'gateway_metadata')) return found
  if (known.source !== 'gateway_metadata' && found.source === 'gateway_metadata') return known
  return { ...known, ...found }
}
