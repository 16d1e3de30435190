import type { Assertions } from './assertion/assertions.js'
import type { CookieMemory } from './backend/watch-cookies.js'
import type { BrowserAccess } from './browser-access.js'
import type { Config } from './config/schema.js'
import type { Connections } from './connections/index.js'
import type { FindPolicy } from './police/policies.js'
import type { FindKey } from './resolve/bindings.js'
import type { Rooms } from './rooms.js'
import type { PublicAddress } from './public-address.js'
import type { Desk } from './session/desk.js'
import type { SignSession } from './session/sign-session.js'
import type { Revocations } from './store/revocations.js'
import type { UnderWay } from './under-way.js'

/** A compiled configuration: everything that can be made once is made, and requests pass through. */
export interface Runtime {
  readonly rooms: Rooms
  /** Where sessions begin and end; `undefined` where there are none. */
  readonly desk: Desk | undefined
  /** `undefined` where this process has no secret to sign sessions with. */
  readonly signSession: SignSession | undefined
  readonly revocations: Revocations
  /** `undefined` where the backend is not told who is calling. */
  readonly assertions: Assertions | undefined
  readonly browser: BrowserAccess
  /** Writes down that the preflight of a page of this origin was refused. */
  readonly refusedPreflight: (origin: string) => void
  readonly publicAddress: PublicAddress
  /** What is known of the backend's own cookies; `undefined` where they are not asked about. */
  readonly cookies: CookieMemory | undefined
  readonly connections: Connections
  /** The configuration it was compiled from; holds references to secrets, never secrets. */
  readonly config: Config
  /** What a dry run asks. */
  readonly findKey: FindKey
  readonly findPolicy: FindPolicy
  /** Calls between their arrival and their receipt. */
  readonly underWay: UnderWay
  /** From now on new requests are refused with `draining`; those under way end as they would. */
  drain(): void
  /** Ends every call that is under way at once; their clients and the ledger are told `cut_shutdown`. For when a drain has taken too long: close the connections a moment later. */
  cut(): void
  readonly draining: boolean
  /** Waits for what is under way, then closes connections and writes the ledger out. */
  close(): Promise<void>
}
