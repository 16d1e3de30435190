import type { GovernanceRecord } from '@postern/protocol'
import type { Principal } from '../principal.js'
import type { RevokedKind } from '../store/store.js'

/** What became of an attempt that was followed by another. */
export interface EarlierEntry {
  readonly attempt: number
  readonly code: string
  readonly cause: string | undefined
}

/** What is written down of one request, exactly once, whatever its ending. Holds no content and no secret. */
export interface LedgerEntry extends GovernanceRecord {
  /** ISO 8601, when the request arrived. */
  readonly time: string
  readonly method: string
  readonly path: string
  /** What the client got; 499 where it left before it got anything. */
  readonly status: number
  /** The error's code, where the ending was one. */
  readonly code?: string | undefined
  /** The alias of a gateway key, of this call's or of any other, that the gateway's answer repeated. The client did not get it. */
  readonly leaked_key?: string | undefined
  readonly duration_ms: number
  readonly via?: Principal['via'] | undefined
  /** What names the credential: a service label or a token's id. */
  readonly caller?: string | undefined
  readonly user?: string | undefined
  readonly team?: string | undefined
  readonly project?: string | undefined
  readonly parent_step?: string | undefined
  /** The caller's own `X-Request-ID`. */
  readonly client_request_id?: string | undefined
  readonly trace_id?: string | undefined
  /** Which binding chose the key. */
  readonly binding?: string | undefined
  /** Attempts that were followed by another; the entry itself is about the last one. */
  readonly earlier?: readonly EarlierEntry[] | undefined
  /** The host or origin that was refused. */
  readonly refused?: string | undefined
  /** What lay underneath an error. */
  readonly cause?: string | undefined
}

/** Sessions were ended before their time. */
export interface SessionEnded {
  readonly event: 'session_ended'
  /** ISO 8601. */
  readonly time: string
  /** What `name` names: one session, or all that a user or a team had. */
  readonly kind: RevokedKind
  readonly name: string
  /** By which road: the session itself (`DELETE {mount}/session`), the admin listener, or a command on the machine. */
  readonly via: 'session' | 'admin' | 'command'
  /** Who did it: what names the credential, `admin`, or the user of the operating system. */
  readonly by: string
  readonly user?: string | undefined
  readonly team?: string | undefined
  /** The request that asked for it, where there was one. */
  readonly request_id?: string | undefined
}

/** A page was refused before it called: by its preflight, after which a browser sends nothing. */
export interface PreflightRefused {
  readonly event: 'preflight_refused'
  /** ISO 8601. */
  readonly time: string
  /** The page's origin; at most 200 characters of it. */
  readonly origin: string
}

/** What happened besides calls. */
export type LedgerEvent = SessionEnded | PreflightRefused

/** Where entries go. */
export interface Ledger {
  append(entry: LedgerEntry): void
  /** Takes what happened besides calls. A ledger without this method hears of calls only. */
  event?(event: LedgerEvent): void
  /** Resolves once everything appended so far is safe. */
  flush(): Promise<void>
}
