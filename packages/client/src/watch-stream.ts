import type { Finish, GovernanceRecord } from '@postern/protocol'
import { createEventReader } from './read-events.js'
import { PosternStreamError } from './stream-error.js'

/** What is told of a stream as it goes. */
export interface StreamWatcher {
  /** What was known at its start. */
  readonly head: GovernanceRecord | undefined
  /** What its reader leaves with. */
  readonly signal: AbortSignal | null | undefined
  /** The id that the gateway gave the answer; again with each piece. */
  readonly identified: (id: string) => void
  /** How it ended; what is said first counts. */
  readonly ended: (record: GovernanceRecord | undefined) => void
}

/**
 * Passes a stream of events on as it comes, and fails it at its end where the answer is not whole: after such a
 * stream nobody can take a part for the whole.
 */
export function watchStream(
  body: ReadableStream<Uint8Array>,
  { head, signal, identified, ended }: StreamWatcher,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  const events = createEventReader()

  function end(finish: Finish): GovernanceRecord | undefined {
    const known = events.record ?? head
    const record = known && { ...known, finish }
    ended(record)
    signal?.removeEventListener('abort', leave)
    return record
  }

  /** Some leave as soon as they have seen the last event, when the record has been there already. */
  function leave(): void {
    end(events.record?.finish ?? 'client_closed')
  }

  function broken(error?: unknown): PosternStreamError {
    const { record, failure, text: received } = events
    const said = record?.finish === 'complete' ? undefined : record?.finish
    const finish = said ?? (failure ? 'upstream_error' : 'truncated')
    return new PosternStreamError({ finish, received, record: end(finish), cause: failure ?? error })
  }

  /** The next bytes for whoever reads; `undefined` at the end. What follows a failure is for nobody. */
  async function next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return undefined
      const passed = events.push(value)
      if (events.id !== undefined) identified(events.id)
      if (passed.length > 0) return passed
    }
  }

  // Whoever leaves need not read on to be told so.
  if (signal?.aborted) leave()
  else signal?.addEventListener('abort', leave)

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        let chunk: Uint8Array | undefined
        try {
          chunk = await next()
        } catch (error) {
          // Whoever aborted knows that it did; what looks like an abort and is none is no reason to end quietly.
          controller.error(signal?.aborted ? error : broken(error))
          return
        }
        if (chunk) {
          controller.enqueue(chunk)
          return
        }
        // No ending is no whole answer either, however cleanly the connection closed.
        if (events.record?.finish !== 'complete' || events.failure !== undefined) controller.error(broken())
        else {
          end('complete')
          controller.close()
        }
      },
      async cancel(reason) {
        leave()
        await reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}
