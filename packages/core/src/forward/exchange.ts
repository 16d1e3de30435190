import type { Endpoint, ErrorClassifier } from '@postern/gateways'
import { type Finish, type GovernanceRecord, headerNames } from '@postern/protocol'
import type { Dispatcher } from 'undici'
import type { Arrival, ResponseSink } from '../arrival.js'
import type { Tap } from '../observe/index.js'
import type { Permit } from '../police/permit.js'
import type { Route } from '../resolve/route.js'
import type { Tags } from '../tag/index.js'
import type { AnswerEdit } from './answer-edit.js'
import type { AnswerHead } from './answer-head.js'
import type { OriginOf } from './answer-links.js'
import { exposeHeaders } from '../answers/expose-headers.js'
import { cacheControlFor } from '../answers/privacy.js'
import { isToldPublicly, tellRecord, withoutGatewaysNames } from '../answers/record-for-client.js'
import type { Outcome } from './outcome.js'
import type { PreparedKey } from './prepare-key.js'
import type { RecordPattern } from './record-pattern.js'
import type { Turnstile } from './turnstile.js'

/** What is known of a gateway before the first request. */
export interface Upstream {
  readonly dispatcher: Dispatcher
  readonly errors: ErrorClassifier
  readonly records: Map<Endpoint['format'], RecordPattern>
  /** Where the gateway counts calls by address. */
  readonly turnstile: Turnstile | undefined
}

/** What an exchange is about: who asked, what listens, where the answer goes. */
export interface ExchangeFacts {
  readonly arrival: Arrival
  readonly route: Route
  readonly permit: Permit
  readonly tags: Tags
  readonly tap: Tap
  readonly sink: ResponseSink
  readonly key: PreparedKey
  readonly upstream: Upstream
  readonly records: RecordPattern
  readonly edit: AnswerEdit | undefined
  readonly originOf: OriginOf
}

/** One request at the gateway, and how it may end. */
export interface Exchange {
  readonly facts: ExchangeFacts
  /** Whether it has ended. */
  readonly settled: boolean
  /** What is known by now. */
  governance(finish: Finish | undefined): GovernanceRecord
  /** Ends it, once; whatever comes later is too late. */
  settle(outcome: Outcome): void
  /** Ends it with an error that the client gets, since it got nothing yet. */
  refuse(error: unknown): void
  /** Closes the connection to the gateway. */
  abort(reason: Error): void
}

/** What takes the gateway's answer from its head to its end. */
export interface Delivery {
  /** `false`: wait until the client has read what it has. */
  chunk(chunk: Buffer): boolean
  /** Says when it can take more, where that does not depend on the client alone. */
  ready?(then: () => void): void
  /** Whether all has come that belongs to the answer. */
  hasAll?(): boolean
  end(): void
  /** The gateway's answer broke off. */
  broken(error: unknown): void
}

/** Begins the client's answer with the gateway's status and headers, and ours. */
export function writeAnswerHead(exchange: Exchange, head: AnswerHead, record: GovernanceRecord, ...further: string[]): void {
  const { arrival, tags, sink, tap } = exchange.facts
  const isPublic = isToldPublicly(tap.audience)
  const headers = isPublic ? withoutGatewaysNames(head.passed) : head.passed
  headers.push(
    'Cache-Control',
    cacheControlFor(arrival.method, head),
    headerNames.requestId,
    tags.requestId,
    headerNames.governance,
    tellRecord(record, tap.audience),
    'Access-Control-Expose-Headers',
    exposeHeaders(isPublic ? [] : head.governanceNames),
    ...further,
    ...arrival.answerHeaders,
  )
  sink.writeHead(head.status, headers)
}
