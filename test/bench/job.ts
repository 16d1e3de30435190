import type { Pace } from './completion.js'
import type { LimitedStore } from './limited-stores.js'
import type { RequestKind } from './request.js'

/** Where a load goes, and as whom. */
export interface Target {
  readonly port: number
  readonly path: string
  readonly credentials: Credentials
}

/** What says who calls: header lines, made before the load so that making them costs it nothing. */
export interface Credentials {
  /** Each is the header lines of one request. They are sent in turn. */
  readonly sets: readonly (readonly string[])[]
  /** Whether each is good for one request only: a load ends when all are used, if its time is not over before. */
  readonly once: boolean
}

/** Equal requests, one after the other on each connection, until the time is over and as many are answered as there shall be at least. */
export interface RequestsJob {
  readonly mode: 'requests'
  readonly kind: RequestKind
  /** The length of the body of a chat completion. Default: that of a short question. */
  readonly bytes?: number | undefined
  readonly target: Target
  readonly connections: number
  readonly seconds: number
  readonly least: number
}

/** Streams side by side; each that ends is followed by another until the time is over. */
export interface SseJob {
  readonly mode: 'sse'
  readonly target: Target
  readonly streams: number
  readonly pace: Pace
  readonly seconds: number
}

/** Streams one at a time, in turn straight to the upstream and through the target. */
export interface TtftJob {
  readonly mode: 'ttft'
  readonly target: Target
  readonly direct: Target
  /** Streams on each of the two ways. */
  readonly streams: number
  readonly pace: Pace
}

/** Streams that are opened, and held until the load generator is ended. */
export interface MemoryJob {
  readonly mode: 'memory'
  readonly target: Target
  readonly streams: number
  readonly pace: Pace
}

/** Streams that are opened and held; once all are open, how late their events come is measured. */
export interface HeldJob {
  readonly mode: 'held'
  readonly target: Target
  readonly streams: number
  readonly pace: Pace
  readonly seconds: number
}

/** Checks of who calls, without a server around them. */
export interface IdentifyJob {
  /** The configuration, and what it refers to. */
  readonly config: object
  readonly env: Readonly<Record<string, string>>
  readonly directory: string
  /** What the requests are for. */
  readonly port: number
  readonly rounds: number
  /** Checks in a round, of credentials that are good for any number. */
  readonly checks: number
  readonly callers: readonly { readonly name: string; readonly credentials: Credentials }[]
}

/** Searches for keys, without a server around them. */
export interface LeakJob {
  /** How many keys are loaded. */
  readonly keys: readonly number[]
  readonly rounds: number
  /** Bytes of each text that are searched in a round. */
  readonly bytes: number
}

/** Calls that are counted and written as spans, without a server around them. */
export interface TelemetryJob {
  readonly rounds: number
  /** Calls in a round that are counted; a tenth of them is written as spans. */
  readonly calls: number
}

/** CPU time of a call in each round, in microseconds. */
export interface TelemetryCosts {
  readonly metrics: number[]
  readonly spans: number[]
}

/** A JSON answer, one event of a stream, a mebibyte of answers, and one of base64 as pictures come in. */
export type SearchedText = 'answer' | 'event' | 'prose' | 'base64'

/** CPU time of searching a text, in microseconds, in each round, by text and by number of keys. */
export type LeakCosts = Partial<Record<SearchedText, Record<number, number[]>>>

/** Calls through the corridor without sockets, without limits and under three. */
export interface LimitsJob {
  readonly rounds: number
  /** Calls of each side in a round. */
  readonly calls: number
  readonly directory: string
  readonly redisUrl: string
}

/** CPU time of a call in each round, in microseconds, by store. */
export type LimitsCosts = Partial<Record<LimitedStore['name'], { readonly without: number[]; readonly with: number[] }>>

export type Job = RequestsJob | SseJob | TtftJob | MemoryJob | HeldJob

interface Outcome {
  /** Requests that were not answered with status 200, or not completely. */
  readonly errors: number
  readonly firstError?: string
}

export interface RequestsOutcome extends Outcome {
  readonly requests: number
  readonly seconds: number
}

export interface SseOutcome extends Outcome {
  readonly streams: number
  /** Events sent by the upstream, all of which arrived. */
  readonly events: number
  /** Pieces in which the bodies arrived: about one per event unless somebody holds events back. */
  readonly pieces: number
  readonly seconds: number
}

export interface TtftOutcome extends Outcome {
  /** Milliseconds from sending a request to the first byte of its body. */
  readonly direct: readonly number[]
  readonly through: readonly number[]
}

export interface MemoryOutcome extends Outcome {
  /** Streams of which the first event has arrived. */
  readonly open: number
}

export interface HeldOutcome extends Outcome {
  /** Streams of which the first event has arrived. */
  readonly open: number
  readonly events: number
  /** Pieces in which they came: fewer than events where somebody holds events back. */
  readonly pieces: number
  /** Events of the stream that had the fewest. */
  readonly fewestOfAStream: number
  /** From the upstream's writing of an event to its arrival, in milliseconds. */
  readonly late: { readonly p50: number; readonly p99: number; readonly max: number }
}

export interface Outcomes {
  requests: RequestsOutcome
  sse: SseOutcome
  ttft: TtftOutcome
  memory: MemoryOutcome
  held: HeldOutcome
}
