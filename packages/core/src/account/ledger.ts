import type { GovernanceRecord } from '@postern/protocol'

/** What is written down of one request, exactly once, whatever its ending. Holds no content and no secret. */
export interface LedgerEntry extends GovernanceRecord {
  /** ISO 8601, when the request arrived. */
  readonly time: string
  readonly method: string
  readonly path: string
  /** What the client got; 499 where it left before it got anything. */
  readonly status: number
  /** The error's code, where the ending was one. */
  readonly code?: string
  readonly duration_ms: number
  readonly via?: 'service' | 'session'
  /** What names the credential: a service label or a token's id. */
  readonly caller?: string
  readonly user?: string
  readonly team?: string
  readonly project?: string
  readonly parent_step?: string
  /** The caller's own `X-Request-ID`. */
  readonly client_request_id?: string
  readonly trace_id?: string
  /** Which binding chose the key. */
  readonly binding?: string
  /** What lay underneath an error. */
  readonly cause?: string
}

/** Where entries go. */
export interface Ledger {
  append(entry: LedgerEntry): void
  /** Resolves once everything appended so far is safe. */
  flush(): Promise<void>
}
