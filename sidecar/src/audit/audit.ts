import type { Log } from '@postern/ports'
import type { Trouble } from '../readiness/watch-store.js'

/** The changes of the key ring. */
export const ringChangeNames = [
  'key_added',
  'key_bound',
  'key_unbound',
  'key_retired',
  'keys_imported',
  'keys_resealed',
  'key_rotation',
  'key_leaked',
] as const

/** One of {@link ringChangeNames}. */
export type RingChangeName = (typeof ringChangeNames)[number]

/** What somebody did, for the audit. Holds no secret. */
export interface AuditEntry {
  /**
   * The credential's name; `admin` for `admin.secret`, `socket` for a socket that asks for no credential, `signal` for SIGHUP,
   * `watch` for a changed file, `postern` for the process itself, `command` for a command on the ring (then `claims` is the user of
   * the operating system, as the command states it).
   */
  readonly who: string
  readonly what: 'reload' | 'session_minted' | 'session_revoked' | 'torn_line' | RingChangeName
  /** `begun`: it was asked for, and a line with the same `request_id` or `change` says what came of it. `refused`: nothing was done, since it is not allowed. `failed`: nothing was done. `unknown`: it may have been, or will be. */
  readonly result: 'begun' | 'done' | 'failed' | 'unknown' | 'taken' | 'refused' | 'found'
  readonly request_id?: string | undefined
  /** Is the same in the two lines of a command on the ring: it has no request. */
  readonly change?: string | undefined
  readonly [detail: string]: unknown
}

/** A line that was written down. */
export interface WrittenEntry extends AuditEntry {
  /** ISO 8601. */
  readonly time: string
}

/** Where it is written down who changed what. */
export interface Audit {
  /**
   * Writes down that something is about to be done. Without the line it must not be done.
   *
   * @throws {Refusal} 503 `store_unavailable` if the line cannot be written.
   */
  begin(entry: AuditEntry): Promise<void>
  /**
   * Writes down what was done and is not told to anybody yet. Without the line it must not be told.
   *
   * @throws {Refusal} 503 `store_unavailable` if the line cannot be written.
   */
  require(entry: AuditEntry): Promise<void>
  /** Writes down what was done. If that fails, the log has the line. Never rejects. */
  note(entry: AuditEntry): Promise<void>
  /**
   * Checks whether what was written before the start fits together. A fault goes to the log (`audit_broken`) and stays what is
   * wrong with the audit; lines are written all the same. Never rejects.
   */
  checkEarlier(): Promise<void>
  /** The last lines, the newest first. `undefined`: they are in the log. @param most How many at most. */
  last(most: number): Promise<readonly WrittenEntry[] | undefined>
  /** What is wrong with the audit. */
  trouble(): Trouble | undefined
  /** Lets another process write. What comes later is refused, and what was only to be noted goes into the log. */
  close(): Promise<void>
}

/** An audit whose lines are lines of the log, with `"event": "audit"`. What has just begun has no line there. */
export function createLogAudit(log: Log): Audit {
  const write = (entry: AuditEntry): Promise<void> => {
    log('info', 'audit', { event: 'audit', ...entry })
    return Promise.resolve()
  }
  return {
    begin: () => Promise.resolve(),
    require: write,
    note: write,
    checkEarlier: () => Promise.resolve(),
    last: () => Promise.resolve(undefined),
    trouble: () => undefined,
    close: () => Promise.resolve(),
  }
}
