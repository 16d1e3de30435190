import { Worker } from 'node:worker_threads'
import type { KeptCall, LedgerReader, UsageRow, WorkflowRun } from '@postern/ports'
import type { FromReader, ToReader } from './messages.js'

interface Asked {
  readonly answer: (value: unknown) => void
  readonly fail: (error: Error) => void
  readonly progress?: ((done: number) => void) | undefined
}

/**
 * Opens the file of a ledger for questions, also while a process writes into it. A thread of its own reads, one question after another,
 * so that no question stops the event loop. A question rejects if the file does not exist or cannot be used; the message says why.
 *
 * @param file The absolute path of the file.
 */
export function createSqliteLedgerReader(file: string): LedgerReader {
  const worker = new Worker(new URL('./reader-worker.js', import.meta.url), { workerData: { file }, execArgv: [] })
  worker.unref()
  const asked = new Map<number, Asked>()
  let questions = 0
  let ended: Error | undefined

  const end = (error: Error): void => {
    ended ??= error
    for (const { fail } of asked.values()) fail(ended)
    asked.clear()
  }
  worker.on('error', end)
  worker.on('exit', () => end(new Error('The reader of the ledger is closed.')))
  worker.on('message', (message: FromReader) => {
    const question = asked.get(message.id)
    if ('done' in message) {
      question?.progress?.(message.done)
      return
    }
    asked.delete(message.id)
    if (asked.size === 0) worker.unref()
    if ('fault' in message) question?.fail(new Error(message.fault))
    else question?.answer(message.answer)
  })

  function ask<Answer>(question: (id: number) => ToReader, progress?: (done: number) => void): Promise<Answer> {
    if (ended !== undefined) return Promise.reject(ended)
    questions += 1
    const id = questions
    return new Promise<Answer>((resolve, reject) => {
      asked.set(id, { answer: resolve as (value: unknown) => void, fail: reject, progress })
      // Who waits for an answer keeps the process alive.
      worker.ref()
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      worker.postMessage(question(id))
    })
  }

  return {
    usage: (usage, progress) => ask<readonly UsageRow[]>((id) => ({ id, usage }), progress),
    workflow: (workflow, { team } = {}) => ask<WorkflowRun>((id) => ({ id, workflow, team })),
    calls: (calls) => ask<readonly KeptCall[]>((id) => ({ id, calls })),
    async close() {
      end(new Error('The reader of the ledger is closed.'))
      await worker.terminate()
    },
  }
}
