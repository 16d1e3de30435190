import { Worker } from 'node:worker_threads'
import type { Ledger, Log } from '@postern/ports'
import { warnOfProcess } from '../file-check.js'
import type { FromWriter, ToWriter, WriterSettings } from './messages.js'
import { type Row, rowOf } from './row.js'

/** How long a row may wait for others, in milliseconds, and how many go to the writer together at most. */
const maxWaitMs = 50
const rowsOfGroup = 500

/** How long callers are slowed at most, in milliseconds. */
const maxSlowMs = 2000

/** How long the last rows may take at the end, in milliseconds. */
const endMs = 5000

/** Where the ledger is, and how long it keeps calls. */
export interface SqliteLedgerOptions {
  /** The absolute path of the file. Its folder must exist; a missing file is created, readable to its owner only. */
  readonly file: string
  /** How long calls are kept, in milliseconds; whole days in UTC are deleted. Default: 90 days. */
  readonly keepMs?: number
  /** How many rows may wait until callers are slowed; twice as many are held at most. Default: 10,000. */
  readonly slowAt?: number
  /** Is told, once each, that rows are being lost, and that the file can be written again. Default: warnings of the process. */
  readonly log?: Log
}

/** A ledger in a file. */
export interface SqliteLedger extends Ledger {
  /**
   * Resolves once everything appended so far is in the file: a process that is killed afterwards has not lost it. Resolves also if the
   * file cannot be written; the rows then wait in memory, and are lost when the process ends.
   */
  flush(): Promise<void>
  /** Writes what waits, and ends the thread: after five seconds at the latest. Rows that come later are lost. */
  close(): Promise<void>
}

/**
 * Opens a ledger in a SQLite file. A thread of its own writes it, in groups of up to 500 rows and at least every 50 ms. Several processes
 * may write into one file. If the file cannot be written, rows wait for it, up to twice `slowAt`; then new ones are lost and counted.
 * No fault of the file ends the process.
 *
 * @throws {Error} by rejecting, if the file cannot be used; the message says why.
 */
export async function createSqliteLedger(options: SqliteLedgerOptions): Promise<SqliteLedger> {
  const { file, keepMs = 90 * 86_400_000, slowAt = 10_000, log = warnOfProcess } = options
  const settings: WriterSettings = { file, keepMs }
  // Options of the process, such as --input-type, are not for the thread.
  const worker = new Worker(new URL('./writer-worker.js', import.meta.url), { workerData: settings, execArgv: [] })
  await begun(worker)
  // The process may end although the thread waits for rows.
  worker.unref()
  return new QueuedLedger(worker, { file, slowAt, log })
}

function begun(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject)
    worker.once('message', (message: FromWriter) => {
      worker.off('error', reject)
      if (message.type !== 'refused') resolve()
      else void worker.terminate().then(() => reject(new Error(message.reason)))
    })
  })
}

class QueuedLedger implements SqliteLedger {
  readonly #worker: Worker
  readonly #options: Required<Pick<SqliteLedgerOptions, 'file' | 'slowAt' | 'log'>>
  #waiting: Row[] = []
  #timer: NodeJS.Timeout | undefined
  /** Rows that are appended and neither stored nor lost. */
  #held = 0
  /** Rows that were appended, and rows that the writer is done with, since the beginning. */
  #appended = 0
  #done = 0
  #lost = 0
  #isFailing = false
  #hasEnded = false
  #flushes: { readonly at: number; readonly resolve: () => void }[] = []
  #room: { readonly promise: Promise<void>; readonly open: () => void } | undefined
  #closing: Promise<void> | undefined

  constructor(worker: Worker, options: Required<Pick<SqliteLedgerOptions, 'file' | 'slowAt' | 'log'>>) {
    this.#worker = worker
    this.#options = options
    worker.on('message', (message: FromWriter) => this.#hear(message))
    worker.on('error', (error) => this.#stopped(`The thread of the ledger ended: ${error.message}`))
    worker.on('exit', () => this.#stopped('The thread of the ledger ended.'))
  }

  append(entry: Parameters<Ledger['append']>[0]): void | Promise<void> {
    const row = rowOf(entry)
    if (row === undefined) return undefined
    if (this.#hasEnded || this.#held >= this.#options.slowAt * 2) {
      this.#lose(1, this.#hasEnded ? 'The ledger has ended.' : 'The queue is full.')
    } else {
      this.#held += 1
      this.#appended += 1
      this.#waiting.push(row)
      if (this.#waiting.length >= rowsOfGroup) this.#send()
      else this.#timer ??= setTimeout(() => this.#send(), maxWaitMs).unref()
    }
    // While the file cannot be written, waiting would help nobody.
    return this.#held >= this.#options.slowAt && !this.#isFailing && !this.#hasEnded ? this.#roomAgain() : undefined
  }

  flush(): Promise<void> {
    this.#send()
    if (this.#done >= this.#appended || this.#isFailing || this.#hasEnded) return Promise.resolve()
    return new Promise((resolve) => this.#flushes.push({ at: this.#appended, resolve }))
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    this.#send()
    if (!this.#hasEnded) {
      const exit = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()))
      this.#worker.ref()
      const late = setTimeout(() => void this.#worker.terminate(), endMs)
      this.#tell({ end: true })
      await exit
      clearTimeout(late)
    }
    this.#hasEnded = true
    if (this.#lost > 0) this.#options.log('error', 'ledger_rows_lost', { file: this.#options.file, lost: this.#lost })
  }

  #send(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#waiting.length === 0 || this.#hasEnded) return
    const count = this.#waiting.length
    const rows = JSON.stringify(this.#waiting)
    this.#waiting = []
    this.#tell({ rows, count })
  }

  #tell(message: ToWriter): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#worker.postMessage(message)
  }

  #hear(message: FromWriter): void {
    switch (message.type) {
      case 'stored':
        this.#worksAgain()
        this.#finish(message.count)
        break
      case 'lost':
        this.#lose(message.count, message.reason)
        this.#finish(message.count)
        break
      case 'failing':
        this.#fail(message.reason)
        break
      case 'begun_anew':
        this.#options.log('warn', 'ledger_begun_anew', { file: this.#options.file, reason: 'The file was moved or removed.' })
        break
      default:
    }
  }

  #finish(count: number): void {
    this.#held -= count
    this.#done += count
    if (this.#held < this.#options.slowAt / 2) this.#room?.open()
    this.#tellFlushes()
  }

  #tellFlushes(): void {
    const isOver = ({ at }: { readonly at: number }): boolean => this.#done >= at || this.#isFailing || this.#hasEnded
    const over = this.#flushes.filter(isOver)
    this.#flushes = this.#flushes.filter((flush) => !isOver(flush))
    for (const { resolve } of over) resolve()
  }

  #fail(reason: string): void {
    if (!this.#isFailing) this.#options.log('error', 'ledger_unavailable', { file: this.#options.file, reason })
    this.#isFailing = true
    this.#room?.open()
    this.#tellFlushes()
  }

  #worksAgain(): void {
    if (!this.#isFailing) return
    this.#isFailing = false
    this.#options.log('info', 'ledger_available_again', { file: this.#options.file, lost: this.#lost })
    this.#lost = 0
  }

  /** Counts rows that are lost. The log has a line for the first one; how many there were is told when rows are stored again, or at the end. */
  #lose(count: number, reason: string): void {
    if (this.#lost === 0) this.#options.log('error', 'ledger_rows_lost', { file: this.#options.file, reason })
    this.#lost += count
  }

  #stopped(reason: string): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    if (this.#closing === undefined) this.#fail(reason)
    if (this.#held > 0) this.#lose(this.#held, reason)
    this.#held = 0
    this.#room?.open()
    this.#tellFlushes()
  }

  #roomAgain(): Promise<void> {
    if (this.#room !== undefined) return this.#room.promise
    let open = (): void => {}
    const promise = new Promise<void>((resolve) => {
      const late = setTimeout(() => open(), maxSlowMs).unref()
      open = () => {
        clearTimeout(late)
        this.#room = undefined
        resolve()
      }
    })
    this.#room = { promise, open }
    return promise
  }
}
