import type { Assertions } from './assertion/assertions.js'
import type { Config } from '@postern/config'
import type { FindKey, FindLimits, FindPolicy, Journey, NoteEnded, OpenList, Pricing, Resolve, Rooms } from '@postern/core'
import type { CookieMemory, Revocations, SessionEndpoint, SignSession } from '@postern/identity'
import type { BoundCaller, Budgets, PublicAddress } from '@postern/ports'
import type { BrowserAccess } from './doors/browser-access.js'
import type { Connections } from './connections/connections.js'
import type { InFlight } from './in-flight.js'
import type { KeyStates } from './keys/key-states.js'

/** Holds the runtime for new requests. `ReplaceableInstance` replaces it. */
export interface Instance {
  readonly runtime: Runtime
}

/** What a door or listener serves: an instance; or a runtime alone, which is never replaced. */
export type Serving = Instance | Runtime

/**
 * The runtime for a request that begins now. Call it when the request enters, and keep the result: the request must end under the
 * runtime that it began with.
 */
export function currentRuntime(serving: Serving): Runtime {
  return 'rooms' in serving ? serving : serving.runtime
}

/** A compiled configuration, ready for requests. */
export interface Runtime {
  readonly rooms: Rooms
  /** The session endpoint; `undefined` without `callers.session`. */
  readonly sessionEndpoint: SessionEndpoint | undefined
  /** Signs session tokens; `undefined` without a secret of `callers.session`. */
  readonly signSession: SignSession | undefined
  readonly revocations: Revocations
  /** Signs the caller's identity for the backend; `undefined` without `backend.identity`. */
  readonly assertions: Assertions | undefined
  readonly browser: BrowserAccess
  /** Replaces every loaded secret in a text, and what looks like a key. */
  readonly redact: (text: string) => string
  /** Writes a ledger event for the refused preflight of a page of this origin. */
  readonly refusedPreflight: (origin: string) => void
  /** Writes a ledger event for sessions that ended after the answer to the request. */
  readonly noteEnded: NoteEnded
  readonly publicAddress: PublicAddress
  /** The cached identities behind the backend's cookies; `undefined` without `callers.forwardAuth`. */
  readonly cookies: CookieMemory | undefined
  readonly connections: Connections
  /** The configuration of this runtime; it holds references to secrets, never secrets. */
  readonly config: Config
  /** How many service callers the hash ring has; 0 without a ring. */
  readonly serviceCallers: number
  /** How the keys are, and those that come from sources. */
  readonly keys: KeyStates
  /** Used by the dry run, `explain`. The keys of both are never sent: a secret that a source gives is not in them. */
  readonly findKey: FindKey
  /** Settles when `findKey` and `findRoute` can be called for a principal; `undefined`: at once. */
  readonly findsKey: (caller: BoundCaller) => Promise<void> | undefined
  readonly findRoute: Resolve
  readonly findPolicy: FindPolicy
  readonly findLimits: FindLimits
  readonly pricing: Pricing
  /** Where what is limited is counted. */
  readonly budgets: Budgets
  /** Counts the calls that have arrived and have no receipt yet. */
  readonly underWay: InFlight
  /** The calls in flight, also those that began under an earlier configuration. Whoever takes a call in adds it, and removes it at its end. */
  readonly liveCalls: OpenList<Journey>
  /** From now on refuses new requests with 503 `draining`; calls in flight continue. */
  drain(): void
  /**
   * Ends every call in flight at once, with `finish: cut_shutdown` for its client and the ledger. Call it when a drain takes
   * too long, and close the connections a moment later.
   */
  cut(): void
  readonly draining: boolean
  /**
   * Waits for the calls in flight, then closes everything that no other runtime uses. New requests must go to another
   * runtime from now on. Every call returns the same promise.
   */
  retire(): Promise<void>
  /**
   * Refuses new requests, waits for the calls in flight, closes connections, flushes the ledger and closes the store. Every
   * call returns the same promise, which rejects with the error of the ledger or the store.
   */
  close(): Promise<void>
}
