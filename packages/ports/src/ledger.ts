import type { GovernanceCost, GovernanceRecord } from '@postern/protocol'
import type { Principal } from './principal.js'
import type { KeptCount, LedgerCounts } from './recovery.js'
import type { RevokedKind } from './revocation.js'

/** A failed attempt that was followed by another. */
export interface EarlierEntry {
  readonly attempt: number
  readonly code: string
  readonly cause: string | undefined
}

/** What a call used, as far as its gateway did not report it. */
export interface EstimatedUse {
  /** Tokens. */
  readonly input?: number | undefined
  readonly output?: number | undefined
  readonly cost?: GovernanceCost | undefined
}

/** The ledger's entry of one request, written exactly once, whatever its ending. Holds no content and no secret. */
export interface LedgerEntry extends GovernanceRecord {
  /** ISO 8601, when the request arrived. */
  readonly time: string
  readonly method: string
  readonly path: string
  /** The status that the client got; 499 if it left before the head was sent; 0 if it is not known, since the call was interrupted. */
  readonly status: number
  /** The error's code, if the request ended with an error. */
  readonly code?: string | undefined
  /**
   * The request id of the call whose answer the client got, with the same `Idempotency-Key`. Then nothing was sent and nothing booked:
   * the entry of that call has what was used.
   */
  readonly joined?: string | undefined
  /**
   * `true` if Postern itself answers the request and no gateway: `{mount}/session`, `{mount}/limits`, and the admin listener. The ledger and
   * `postern_calls_total` leave such a request out.
   */
  readonly own?: true | undefined
  /** Set if the caller used a former credential, which ends by itself (`postern callers rotate`). */
  readonly former_credential?: true | undefined
  /** The alias of a gateway key, of this call or of another, that the gateway's answer held. The client did not get the key. */
  readonly leaked_key?: string | undefined
  readonly duration_ms: number
  /**
   * Where what the limits of tokens and money count comes from: the gateway's report (`reported`), its token counts and our prices
   * (`priced`), what was set aside (`assumed`), or a bound of what passed (`measured`). Absent: no such limit counts the call.
   */
  readonly booked?: 'reported' | 'priced' | 'assumed' | 'measured' | undefined
  /**
   * What the call used, as far as its gateway did not report it, or reported only a part: as its limits booked it, or by the price file.
   * It stands beside `usage` and `cost`, which are reports, and counts in their place.
   */
  readonly estimated?: EstimatedUse | undefined
  /** The kind of credential. Of a refused one: the kind that it was taken for. */
  readonly via?: Principal['via'] | undefined
  /** The credential's name: a service label or a token's id. */
  readonly caller?: string | undefined
  readonly user?: string | undefined
  readonly team?: string | undefined
  readonly project?: string | undefined
  readonly parent_step?: string | undefined
  /** The caller's own `X-Request-ID`. */
  readonly client_request_id?: string | undefined
  readonly trace_id?: string | undefined
  /** The binding that chose the key, such as `team=acme`. */
  readonly binding?: string | undefined
  /** Failed attempts that were followed by another; the entry itself is about the last one. */
  readonly earlier?: readonly EarlierEntry[] | undefined
  /** The host or origin that was refused. */
  readonly refused?: string | undefined
  /** The client's address, if the call was refused: as trusted proxies tell it. */
  readonly address?: string | undefined
  /** The underlying error, or why a credential was refused; redacted, at most 2,000 characters. */
  readonly cause?: string | undefined
}

/** Sessions were revoked before they expired. */
export interface SessionEnded {
  readonly event: 'session_ended'
  /** ISO 8601. */
  readonly time: string
  /** What `name` names: one session, or the user or team whose sessions ended. */
  readonly kind: RevokedKind
  readonly name: string
  /** What ended them: the session itself (`DELETE {mount}/session`), the admin listener, or a command on the machine. */
  readonly via: 'session' | 'admin' | 'command'
  /** Who ended them: the credential's name, `admin`, or the user of the operating system. */
  readonly by: string
  readonly user?: string | undefined
  readonly team?: string | undefined
  /** The id of the request that asked for it; `undefined` for a command. */
  readonly request_id?: string | undefined
}

/** The preflight of a page was refused; after that its browser sends no call. */
export interface PreflightRefused {
  readonly event: 'preflight_refused'
  /** ISO 8601. */
  readonly time: string
  /** The page's origin; at most 200 characters of it. */
  readonly origin: string
}

/** A ledger line that is not about a call. */
export type LedgerEvent = SessionEnded | PreflightRefused

/** How an entry stands in the store that counts its call. */
export interface EntryKeeping {
  /** Resolves once the call is booked, with this entry beside it, or cannot be. The ledger stores the entry no earlier. */
  readonly booked: Promise<void>
  /** The ledger calls it once the entry is stored, or lost for good: the store need not keep it any longer. */
  readonly done: () => void
  /**
   * Whether the ledger may have an entry of this call already: the entry was found in the store after a crash, or the call was taken for
   * abandoned. See {@link Ledger.append}. Ask when the entry is about to be stored.
   */
  readonly mayBeThere: () => boolean
  /** Whether the process that made the entry told it before, such as to a log: it is given again only to be stored. */
  readonly isKnown: boolean
  /** What the call counts as in its windows. Only of a store that may lose writes. */
  readonly counted?: readonly KeptCount[] | undefined
}

/** Receives entries and events. */
export interface Ledger {
  /**
   * `true`: it stores entries, and heeds what `append` is given beside them. Then a call that limits count has its entry in the store until
   * the ledger has it. Default: it does not.
   */
  readonly keeps?: true
  /** What it keeps of counts beside its entries, if every process writes into the same. Default: nothing. */
  readonly counts?: LedgerCounts | undefined
  /**
   * Takes an entry. Must not block; an error that it throws becomes a process warning.
   *
   * A ledger that has an entry of the same call (the same request id, but for the number of the attempt) and is told that this may be so
   * keeps the one that is not `interrupted`; of two such, the first.
   *
   * @param keeping Only for a ledger that {@link keeps}, and only for a call that has set something aside.
   * @param record The governance record in the entry as one line of JSON, if it was written already: for a ledger that writes text.
   * @returns A promise if the queue of the ledger is full: the entry may be lost, and the next calls wait until the promise settles.
   *   The ledger decides how long that is at most.
   */
  append(entry: LedgerEntry, keeping?: EntryKeeping, record?: string): void | Promise<void>
  /** Takes an event. A ledger without this method gets entries only. */
  event?(event: LedgerEvent): void
  /** Resolves once everything appended so far is stored. */
  flush(): Promise<void>
}
