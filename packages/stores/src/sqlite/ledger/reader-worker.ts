import { parentPort, workerData } from 'node:worker_threads'
import type { SqliteFile } from '../in-transaction.js'
import type { FromReader, ToReader } from './messages.js'
import { readCalls } from './calls.js'
import { openToRead } from './open-file.js'
import { readUsage } from './usage.js'
import { readWorkflow } from './workflow.js'

// The entry of the reader's thread; `createSqliteLedgerReader` begins it.
const port = parentPort
if (port !== null) {
  const tell = (message: FromReader): void => port.postMessage(message)
  const answerOf = (file: SqliteFile, question: ToReader): unknown => {
    if ('workflow' in question) return readWorkflow(file, question.workflow, question.team)
    if ('calls' in question) return readCalls(file, question.calls)
    return readUsage(file, question.usage, (done) => tell({ id: question.id, done }))
  }
  let database: SqliteFile | undefined
  port.on('message', (question: ToReader) => {
    const { id } = question
    try {
      const file = (database ??= openToRead((workerData as { readonly file: string }).file))
      tell({ id, answer: answerOf(file, question) })
    } catch (error) {
      tell({ id, fault: (error as Error).message })
    }
  })
}
