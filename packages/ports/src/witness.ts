import type { ErrorCode } from '@postern/protocol'
import type { CallCourse } from './call-course.js'
import type { LedgerEntry } from './ledger.js'

/** What happens in a running Postern. Names of gateways and keys are those of the configuration; no event holds a secret or content. */
export type PosternEvent =
  | CallBegun
  | CallQueued
  | CallLeftQueue
  | StreamBegun
  | StreamEnded
  | AttemptFailed
  | KeyRejected
  | LeakFound
  | LimitRefused
  | CallEnded
  | BackendEnded
  | StoreLost
  | StoreBack
  | IssuerLost
  | IssuerBack
  | BackendLost
  | BackendBack
  | GatewayLost
  | GatewayBack
  | LedgerLost
  | LedgerBack
  | ConfigurationTaken
  | ConfigurationRefused
  | KeyChanged
  | KeySourceLost
  | KeySourceBack

/** A call was cleared: a key is chosen, and its first attempt begins. */
export interface CallBegun {
  readonly type: 'call_begun'
  readonly gateway: string
  /** The key's alias. */
  readonly key: string
  /** The limits under which it has set something aside; `undefined`: none. */
  readonly limits: CallCourse['limits']
}

/** A call waits for its turn at a gateway that counts calls by address. */
export interface CallQueued {
  readonly type: 'call_queued'
  readonly gateway: string
}

/** Such a call waits no more: it has its turn, or was given up. */
export interface CallLeftQueue {
  readonly type: 'call_left_queue'
  readonly gateway: string
  readonly waitedMs: number
  /** Whether it had its turn. */
  readonly granted: boolean
}

/** A gateway began to answer with a stream of events. */
export interface StreamBegun {
  readonly type: 'stream_begun'
  readonly gateway: string
}

/** Such an answer is over, however it ended. */
export interface StreamEnded {
  readonly type: 'stream_ended'
  readonly gateway: string
}

/** An attempt of a call failed. Another may follow. */
export interface AttemptFailed {
  readonly type: 'attempt_failed'
  readonly gateway: string
  /** The key's alias. */
  readonly key: string
  /** The first one is 1. */
  readonly attempt: number
  readonly code: ErrorCode
}

/** A gateway refused a key of ours. */
export interface KeyRejected {
  readonly type: 'key_rejected'
  readonly gateway: string
  /** The key's alias. */
  readonly key: string
  /** The id under which the gateway saw the call. */
  readonly requestId: string
}

/** A gateway's answer held a key; the client did not get it. */
export interface LeakFound {
  readonly type: 'leak_found'
  /** The alias of the key that was found, which may be another than that of the call. */
  readonly key: string
  readonly requestId: string
}

/** A limit let a call not through. The call's end follows. */
export interface LimitRefused {
  readonly type: 'limit_refused'
  /** The rule's name, as clients are told it; `session` for `max_spend` of a session, `maxCalls` for its number of calls. */
  readonly rule: string
  readonly code: ErrorCode
}

/** A call ended, or was refused. Every call has exactly one. */
export interface CallEnded {
  readonly type: 'call_ended'
  readonly entry: LedgerEntry
  readonly course: CallCourse
}

/** A request to the backend has its answer, or lost its client. */
export interface BackendEnded {
  readonly type: 'backend_ended'
  /** The status that the client got; 499 if it left before the head was sent. */
  readonly status: number
  /** Why Postern answered in place of the backend, or broke its answer off; `undefined`: it did neither. */
  readonly code?: ErrorCode | undefined
  readonly durationMs: number
  /** What was asked; `undefined` where nothing was refused and no access log is kept. Redacted, and bounded to 200 characters each. */
  readonly asked?: BackendAsked | undefined
}

/** A request to the backend, for the log. */
export interface BackendAsked {
  /** The id that a refusal carries; `undefined`: the backend itself answered. */
  readonly requestId?: string | undefined
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly host: string | undefined
  /** The page that asked, as its browser says. */
  readonly origin: string | undefined
  /** The client's address, as trusted proxies tell it; `undefined`: it came by a Unix socket. */
  readonly address: string | undefined
  /** The underlying error of a refusal. */
  readonly cause?: string | undefined
}

/** The store could not be asked. Told once until it is back. */
export interface StoreLost {
  readonly type: 'store_lost'
  readonly reason: string
}

/** The store answers again. */
export interface StoreBack {
  readonly type: 'store_back'
  /** For how long it was lost. */
  readonly afterMs: number
}

/** Whoever knows the callers could not be asked. Told once until it answers again. */
export interface IssuerLost {
  readonly type: 'issuer_lost'
  /** The address of its keys, or `forwardAuth`. */
  readonly issuer: string
  readonly reason: string
}

/** It answers again, or is asked no more. */
export interface IssuerBack {
  readonly type: 'issuer_back'
  readonly issuer: string
  /** For how long it was lost. */
  readonly afterMs: number
}

/** The backend stopped answering. Told once until it is back. */
export interface BackendLost {
  readonly type: 'backend_lost'
  readonly code: ErrorCode
  readonly reason: string
}

/** The backend answers again. */
export interface BackendBack {
  readonly type: 'backend_back'
  /** For how long it was lost. */
  readonly afterMs: number
}

/** A gateway does not answer. Told once until it is back, and by the sidecar alone. */
export interface GatewayLost {
  readonly type: 'gateway_lost'
  readonly gateway: string
  readonly reason: string
}

/** It answers again, or is asked no more. */
export interface GatewayBack {
  readonly type: 'gateway_back'
  readonly gateway: string
  /** For how long it was lost. */
  readonly afterMs: number
}

/** The ledger cannot be written. Told once until it is back, and by the sidecar alone. */
export interface LedgerLost {
  readonly type: 'ledger_lost'
  readonly reason: string
}

/** The ledger is written again. */
export interface LedgerBack {
  readonly type: 'ledger_back'
  /** For how long it was lost. */
  readonly afterMs: number
}

/** Another configuration is in use. */
export interface ConfigurationTaken {
  readonly type: 'configuration_taken'
  /** What asked for it: `signal`, `admin`, `watch` or `secret file`. */
  readonly by: string
  /** The settings that are different now. */
  readonly changed: readonly string[]
  /** Those of them that let more through than before. */
  readonly laxer: readonly string[]
  readonly warnings: readonly string[]
}

/** A configuration was read and not taken; the one from before is in use. */
export interface ConfigurationRefused {
  readonly type: 'configuration_refused'
  /** What asked for it: `signal`, `admin`, `watch` or `secret file`. */
  readonly by: string
  readonly problems: readonly string[]
}

/** The source of a key gave another value, which calls that begin from now on are sent with. The first value is none of these. */
export interface KeyChanged {
  readonly type: 'key_changed'
  /** The key's alias. */
  readonly key: string
  /** `vault`, `exec`, `oauth` or `tokenExchange`. */
  readonly source: string
}

/** The source of a key could not be asked, or gave nothing that can be a key. Told once until it is back. */
export interface KeySourceLost {
  readonly type: 'key_source_lost'
  /** The key's alias. */
  readonly key: string
  readonly source: string
  readonly reason: string
  /** Whether calls with the key are refused with 503 `key_unavailable` now. If not, an earlier value is still used. */
  readonly unavailable: boolean
}

/** The source of a key gives its value again. */
export interface KeySourceBack {
  readonly type: 'key_source_back'
  /** The key's alias. */
  readonly key: string
  readonly source: string
  /** For how long it was lost. */
  readonly afterMs: number
}

/** Is told what happens, at the moment when it happens. Must return at once; must not change what it is told. */
export type Witness = (event: PosternEvent) => void

/** Tells each listener every event. A listener that throws becomes a warning of the process; the others are told all the same. */
export function tellAll(listeners: readonly Witness[]): Witness {
  return (event) => {
    for (const listener of listeners) {
      try {
        listener(event)
      } catch (error) {
        process.emitWarning(`What listens to events failed at ${event.type}: ${String(error)}`, { code: 'POSTERN_WITNESS' })
      }
    }
  }
}
