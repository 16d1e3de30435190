import { StoreNotAsked } from '@postern/ports'
import pg from 'pg'
import { checkAddress } from './address.js'
import { migrate, NewerTables, type Tables } from './migrate.js'
import { inTime, isRepeatable, isRolledBack, isWithoutTables, reasonOf } from './reason.js'

/**
 * The last part of the time that a statement may take, in milliseconds, with its own timer: if our event loop was blocked, the answer may
 * be waiting unread.
 */
const lastMs = 100

/** After a failed connection, how long statements are refused without a new attempt, in milliseconds. */
const restMs = 100

/** How long the connection that makes the tables may take to open, in milliseconds. Who waits for it gives up earlier. */
const migrationConnectMs = 5000

/** How long an idle connection stays open, in milliseconds. */
const idleMs = 60_000

const setTimeLimit = "SELECT set_config('statement_timeout', $1, false)"

/** A row of an answer. */
export type Row = Readonly<Record<string, unknown>>

/**
 * Makes one statement, which is a transaction of its own.
 *
 * @param waitMs How long it may take, in milliseconds. Default: that of the connection.
 * @throws {Error} by rejecting within that time, whatever PostgreSQL does. A statement that was given up may still have been carried out,
 *   unless it rejects with `StoreNotAsked`. The message contains neither the address nor what was sent.
 */
export type Ask = (text: string, values: readonly unknown[], waitMs?: number) => Promise<readonly Row[]>

/** Connections to one PostgreSQL: opened when a statement needs one, and opened again after they were lost. */
export interface PostgresConnection {
  readonly ask: Ask
  /** Closes what is idle at once, and the rest when its statement is done. */
  close(): void
}

/** How a connection is used. */
export interface ConnectionOptions {
  readonly url: string
  /** The most connections. */
  readonly most: number
  /** Made before the first statement. */
  readonly tables: Tables
  /** How long a statement may take, in milliseconds, including the wait for a connection. */
  readonly answerMs: number
}

/** @throws {Error} if the URL is not one of PostgreSQL; the message does not repeat it. */
export function createPostgresConnection({ url, most, tables, answerMs }: ConnectionOptions): PostgresConnection {
  const connectionString = checkAddress(url)
  const pool = new pg.Pool({
    connectionString,
    max: most,
    connectionTimeoutMillis: answerMs,
    idleTimeoutMillis: idleMs,
    keepAlive: true,
    application_name: 'postern',
    // What was given up here does not wait there for much longer.
    statement_timeout: answerMs,
    idle_in_transaction_session_timeout: answerMs,
  })
  // A connection was lost, idle or in use. Without listeners the events would end the process; the statement rejects anyway.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  let ready: Promise<void> | undefined
  let closed = false
  let failedAt = -Infinity
  let failure: unknown

  function failed(error: unknown): void {
    failedAt = performance.now()
    failure = error
  }

  /** Makes the tables once. After a failure, the next statement tries again. */
  function prepared(): Promise<void> {
    ready ??= migrate(connectionString, tables, migrationConnectMs).catch((error: unknown) => {
      ready = undefined
      failed(error)
      throw error
    })
    return ready
  }

  async function connect(isLate: () => boolean): Promise<pg.PoolClient> {
    await prepared()
    if (isLate()) throw new Error('It is late.')
    const client = await pool.connect().catch((error: unknown) => {
      failed(error)
      throw error
    })
    if (!isLate()) return client
    client.release()
    throw new Error('It is late.')
  }

  async function askOnce(text: string, values: readonly unknown[], waitMs: number): Promise<readonly Row[]> {
    if (closed) throw new StoreNotAsked('The store is closed.')
    if (performance.now() - failedAt < restMs) throw new StoreNotAsked(cannotBeUsed(failure))
    let client: pg.PoolClient | undefined
    let timer: NodeJS.Timeout | undefined
    let isOver = false
    const deadline = new Promise<never>((_, reject) => {
      const fail = (): void => {
        isOver = true
        const reason = `PostgreSQL cannot be used: ${inTime}.`
        reject(client === undefined ? new StoreNotAsked(reason) : new Error(reason))
        // It closes the connection: what it answers later belongs to nobody.
        client?.release(true)
      }
      timer = setTimeout(() => {
        timer = setTimeout(fail, lastMs)
      }, waitMs - lastMs)
    })
    const answer = (async () => {
      client = await connect(() => isOver).catch((error: unknown) => {
        throw new StoreNotAsked(cannotBeUsed(error))
      })
      try {
        // PostgreSQL itself would end a statement after the usual time.
        if (waitMs > answerMs) await client.query(setTimeLimit, [String(Math.ceil(waitMs))])
        const { rows } = await client.query<Row>(text, [...values])
        if (waitMs > answerMs) await client.query(setTimeLimit, [String(answerMs)])
        if (!isOver) client.release()
        return rows
      } catch (error) {
        const goesOn = isRolledBack(error)
        // The connection may still have the longer time.
        if (!isOver) client.release(!goesOn || waitMs > answerMs)
        if (isWithoutTables(error)) ready = undefined
        throw goesOn ? new RefusedStatement(cannotBeUsed(error), error) : new Error(cannotBeUsed(error))
      }
    })()
    try {
      return await Promise.race([answer, deadline])
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    async ask(text, values, waitMs = answerMs) {
      const begun = performance.now()
      try {
        return await askOnce(text, values, waitMs)
      } catch (error) {
        const leftMs = waitMs - (performance.now() - begun)
        if (!(error instanceof RefusedStatement && error.isRepeatable) || leftMs < 2 * lastMs) throw error
        return askOnce(text, values, leftMs)
      }
    },
    close() {
      if (closed) return
      closed = true
      void pool.end().catch(() => {})
    },
  }
}

/** PostgreSQL refused the statement and rolled it back: nothing was done. */
export class RefusedStatement extends StoreNotAsked {
  /** The SQLSTATE. */
  readonly code: string
  /** Whether the same statement may succeed at once: other transactions were in the way. */
  readonly isRepeatable: boolean
  constructor(message: string, error: unknown) {
    super(message)
    this.code = String((error as { code?: unknown }).code)
    this.isRepeatable = isRepeatable(error)
  }
}

function cannotBeUsed(error: unknown): string {
  return error instanceof NewerTables ? error.message : `PostgreSQL cannot be used: ${reasonOf(error)}.`
}
