import { Worker } from 'node:worker_threads'
import type { Log } from '@postern/ports'
import { type HearState, QueuedLedger, type RowWriter, type StoredLedger, type WriterTold } from '../../ledger/queued-ledger.js'
import { warnOfProcess } from '../file-check.js'
import type { FromWriter, ToWriter, WriterSettings } from './messages.js'

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
  /** Is told why the ledger cannot be written, and `undefined` once it can be again. Default: nobody is. */
  readonly hearState?: HearState
}

/** A ledger in a file. */
export type SqliteLedger = StoredLedger

/**
 * Opens a ledger in a SQLite file. A thread of its own writes it, in groups of up to 500 rows and at least every 50 ms. Several processes
 * may write into one file. If the file cannot be written, rows wait for it, up to twice `slowAt`; then new ones are lost and counted.
 * No fault of the file ends the process.
 *
 * @throws {Error} by rejecting, if the file cannot be used; the message says why.
 */
export async function createSqliteLedger(options: SqliteLedgerOptions): Promise<SqliteLedger> {
  const { file, keepMs = 90 * 86_400_000, slowAt = 10_000, log = warnOfProcess, hearState } = options
  const settings: WriterSettings = { file, keepMs }
  // Options of the process, such as --input-type, are not for the thread.
  const worker = new Worker(new URL('./writer-worker.js', import.meta.url), { workerData: settings, execArgv: [] })
  await begun(worker)
  // The process may end although the thread waits for rows.
  worker.unref()
  return new QueuedLedger((told) => writeByThread(worker, told), { place: { file }, slowAt, log, hearState })
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

function writeByThread(worker: Worker, { hear, stopped }: WriterTold): RowWriter {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  const tell = (message: ToWriter): void => worker.postMessage(message)
  worker.on('message', (message: FromWriter) => {
    if (message.type !== 'ready' && message.type !== 'refused') hear(message)
  })
  worker.on('error', (error) => stopped(`The thread of the ledger ended: ${error.message}`))
  worker.on('exit', () => stopped('The thread of the ledger ended.'))
  return {
    write: (rows) => tell({ rows: JSON.stringify(rows), count: rows.length }),
    async end(atMostMs) {
      const exit = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
      worker.ref()
      const late = setTimeout(() => void worker.terminate(), atMostMs)
      tell({ end: true })
      await exit
      clearTimeout(late)
    },
  }
}
