import type { Endpoint, ErrorClassifier } from '@postern/gateways'
import type { Arrival, Cut, ResponseSink, SessionCall, Witness } from '@postern/ports'
import { type Finish, type GovernanceRecord, headerNames } from '@postern/protocol'
import type { Dispatcher } from 'undici'
import type { Tap } from '../observe/observe.js'
import type { Permit } from '../police/permit.js'
import type { Reservation } from '../reserve/reservation.js'
import type { Route } from '../resolve/route.js'
import type { Tags } from '../tag/tag.js'
import type { AnswerEdit } from './answer-edit.js'
import type { AnswerHead } from './answer-head.js'
import type { OriginOf } from './answer-links.js'
import { exposeHeaders } from '../answers/expose-headers.js'
import { cacheControlFor } from '../answers/privacy.js'
import { limitHeaderNames } from '../answers/limit-headers.js'
import { isToldPublicly, tellRecord, withoutGatewaysNames } from '../answers/record-for-client.js'
import type { Outcome } from './outcome.js'
import type { PreparedKey } from './prepare-key.js'
import type { EventPattern } from './event-pattern.js'
import type { AddressQueue } from './address-queue.js'

/** What `forward` keeps for each gateway. */
export interface Upstream {
  readonly dispatcher: Dispatcher
  readonly errors: ErrorClassifier
  readonly records: Map<Endpoint['format'], EventPattern>
  /** The queue of a gateway with an `addressLimit`; `undefined`: calls do not queue. */
  readonly addressQueue: AddressQueue | undefined
}

/** The facts about one call of a gateway. */
export interface ExchangeFacts {
  readonly arrival: Arrival
  readonly route: Route
  readonly permit: Permit
  readonly tags: Tags
  readonly tap: Tap
  readonly sink: ResponseSink
  readonly key: PreparedKey
  readonly upstream: Upstream
  readonly records: EventPattern
  readonly edit: AnswerEdit | undefined
  readonly originOf: OriginOf
  /** The call, if it is of a session. */
  readonly call: SessionCall | undefined
  /** What the call has set aside, if a limit applies. */
  readonly reservation: Reservation | undefined
  readonly witness: Witness
}

/** One call of a gateway, and its possible endings. */
export interface Exchange {
  readonly facts: ExchangeFacts
  /** Whether the call has ended for the client. */
  readonly settled: boolean
  /** When the gateway was last heard, by `performance.now()`. */
  readonly heardAt: number
  /** The governance record by the facts known so far. */
  governance(finish: Finish | undefined): GovernanceRecord
  /** Ends the call with an outcome. Does nothing if the call has ended. */
  settle(outcome: Outcome): void
  /** Ends the call with an error for the client. Only before the head was sent. Does nothing if the call has ended. */
  refuse(error: unknown): void
  /** Notes that the answer is a stream of events. */
  beginStream(): void
  /** Ends the call as a cut does: tells the client, if its answer allows that, and leaves the gateway. */
  cut(cut: Cut): void
  /** Closes the connection to the gateway. */
  abort(reason: Error): void
}

/** Carries the gateway's answer to the client, from its head to its end. */
export interface Delivery {
  /** Takes a piece of the body. `false`: send no more until the client has read. */
  chunk(chunk: Buffer): boolean
  /** Calls `then` once it can take more. Without this method, `drain` of the sink tells that. */
  ready?(then: () => void): void
  /** Whether the end mark of the answer has arrived. */
  hasAll?(): boolean
  end(): void
  /** The gateway's answer broke off. */
  broken(error: unknown): void
}

/**
 * Writes the head of the client's answer: the gateway's status and headers, and Postern's own headers.
 *
 * @returns The record as one line of JSON, as the client got it; `undefined` if the client got a public record.
 */
export function writeAnswerHead(exchange: Exchange, head: AnswerHead, record: GovernanceRecord, ...further: string[]): string | undefined {
  const { arrival, tags, sink, tap, reservation } = exchange.facts
  const isPublic = isToldPublicly(tap.audience)
  const limits = reservation?.headers() ?? []
  const headers = isPublic ? withoutGatewaysNames(head.passed) : head.passed
  const told = tellRecord(record, tap.audience)
  headers.push(
    'Cache-Control',
    cacheControlFor(arrival.method, head),
    headerNames.requestId,
    tags.requestId,
    headerNames.governance,
    told,
    'Access-Control-Expose-Headers',
    exposeHeaders(isPublic ? none : head.governanceNames, limits.length === 0 ? none : limitHeaderNames),
  )
  for (const list of [limits, further, arrival.answerHeaders]) for (const text of list) headers.push(text)
  try {
    sink.writeHead(head.status, headers)
  } catch (error) {
    throw new HeadNotWritten(error)
  }
  return isPublic ? undefined : told
}

const none: readonly string[] = []

/** A middleware in front threw when the head of an answer was written. The gateway is not to blame. */
export class HeadNotWritten extends Error {
  constructor(thrown: unknown) {
    super('The head of the answer could not be written.', { cause: thrown })
  }
}
