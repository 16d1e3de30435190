import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { dayMs } from '../../ledger/day.js'
import type { RowWriter, WriterTold } from '../../ledger/queued-ledger.js'
import type { Row } from '../../ledger/row.js'
import { isDoubtful } from '../../ledger/row-values.js'
import { type Ask, type PostgresConnection, RefusedStatement } from '../connection.js'
import { readValue } from '../replies.js'
import { createGroupWriter, type GroupText } from './write-group.js'

/** How long the writer waits before it tries a group again, in milliseconds. */
const retryMs = 1000

/** After how long a group that is under way is told to fail, in milliseconds. It may be written all the same. */
const slowMs = 2000

/** How often it looks for calls that are too old, the pause between two steps of deleting, in milliseconds, and how many rows a step has. */
const keepEveryMs = 60_000
const keepPauseMs = 20
const rowsOfStep = 2000

interface Group extends GroupText {
  /** Under which it is written once, however often it is sent. */
  readonly id: string
  readonly count: number
  /** Whether it is one call that the ledger may have already. */
  readonly isDoubtful: boolean
}

/** What the writer writes to, and for how long that is kept. */
export interface LedgerWriterOptions {
  readonly connection: PostgresConnection
  /** Between quotation marks. */
  readonly schema: string
  readonly keepMs: number
}

/**
 * Writes groups of rows, one after the other. A group that cannot be written because the database is gone or full stays first, and is tried
 * again; one whose fate is not known as well, since it has a name. A group that the database refuses for what it holds is lost.
 */
export class LedgerWriter implements RowWriter {
  readonly #ask: Ask
  readonly #options: LedgerWriterOptions
  readonly #told: WriterTold
  readonly #stop = new AbortController()
  readonly #writeGroup = createGroupWriter()
  #waiting: Group[] = []
  #writing: Promise<void> | undefined
  #isEnding = false
  #keep: NodeJS.Timeout

  constructor(options: LedgerWriterOptions, told: WriterTold) {
    this.#ask = options.connection.ask
    this.#options = options
    this.#told = told
    this.#keep = setTimeout(() => void this.#deleteOld(), keepPauseMs).unref()
  }

  write(rows: readonly Row[]): void {
    const doubtful = rows.some(isDoubtful)
    this.#waiting.push({ id: randomUUID(), count: rows.length, isDoubtful: doubtful, ...this.#writeGroup(rows) })
    this.#writing ??= this.#writeWaiting().finally(() => (this.#writing = undefined))
  }

  async #writeWaiting(): Promise<void> {
    for (let [group] = this.#waiting; group !== undefined; [group] = this.#waiting) {
      if (await this.#isDone(group)) this.#waiting.shift()
      else if (this.#isEnding) return
      else await sleep(retryMs, undefined, { ref: false, signal: this.#stop.signal }).catch(() => {})
    }
  }

  async #isDone({ id, names, rows, count, isDoubtful: doubtful }: Group): Promise<boolean> {
    const told = this.#told
    const slow = setTimeout(() => told.hear({ type: 'failing', reason: `It did not answer within ${slowMs} ms.` }), slowMs).unref()
    try {
      const append = doubtful ? 'append_once' : 'append_calls'
      await this.#ask(`SELECT ${this.#options.schema}.${append}($1, $2, $3)`, [id, names, rows])
      this.#told.hear({ type: 'stored', count })
      return true
    } catch (error) {
      const reason = (error as Error).message
      const isFaulty = error instanceof RefusedStatement && /^2[23]/.test(error.code)
      this.#told.hear(isFaulty ? { type: 'lost', count, reason } : { type: 'failing', reason })
      return isFaulty
    } finally {
      clearTimeout(slow)
    }
  }

  async #deleteOld(): Promise<void> {
    const firstDay = Math.floor((Date.now() - this.#options.keepMs) / dayMs)
    let hasMore = false
    try {
      const statement = `SELECT ${this.#options.schema}.delete_calls($1, $2) AS has_more`
      hasMore = readValue(await this.#ask(statement, [firstDay, rowsOfStep]), 'has_more') === true
      const forgotten = `SELECT ${this.#options.schema}.delete_counts($1, $2) AS has_more`
      hasMore = readValue(await this.#ask(forgotten, [Date.now() - dayMs, rowsOfStep]), 'has_more') === true || hasMore
    } catch {
      // A group that cannot be written for the same reason tells of it; old rows wait.
    }
    if (!this.#isEnding) this.#keep = setTimeout(() => void this.#deleteOld(), hasMore ? keepPauseMs : keepEveryMs).unref()
  }

  async end(atMostMs: number): Promise<void> {
    this.#isEnding = true
    clearTimeout(this.#keep)
    this.#stop.abort()
    const late = new Promise<void>((resolve) => setTimeout(resolve, atMostMs).unref())
    await Promise.race([this.#writing ?? Promise.resolve(), late])
    const left = this.#waiting.reduce((sum, { count }) => sum + count, 0)
    if (left > 0) this.#told.hear({ type: 'lost', count: left, reason: 'The process ended.' })
    this.#options.connection.close()
    this.#told.stopped('The ledger has ended.')
  }
}
