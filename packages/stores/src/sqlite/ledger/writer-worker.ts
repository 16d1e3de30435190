import { parentPort, workerData } from 'node:worker_threads'
import { LedgerWriter } from './ledger-writer.js'
import type { FromWriter, ToWriter, WriterSettings } from './messages.js'

// The entry of the writer's thread; `createSqliteLedger` begins it.
const port = parentPort
if (port !== null) {
  const tell = (message: FromWriter): void => port.postMessage(message)
  try {
    const writer = new LedgerWriter(workerData as WriterSettings, tell, () => port.close())
    port.on('message', (message: ToWriter) => writer.take(message))
    tell({ type: 'ready' })
  } catch (error) {
    tell({ type: 'refused', reason: (error as Error).message })
  }
}
