import type { Finish, GovernanceRecord } from '@postern/protocol'
import { createEventReader } from './read-events.js'
import { PosternStreamError } from './stream-error.js'

/** Context and callbacks of one watched stream. */
export interface StreamWatcher {
  /** The record of the answer's head. */
  readonly head: GovernanceRecord | undefined
  /** The signal of the request: the application aborts it to stop reading. */
  readonly signal: AbortSignal | null | undefined
  /** Called with the gateway's id of the answer, again with each chunk. */
  readonly identified: (id: string) => void
  /** Called with the record at the end. The first call counts. */
  readonly ended: (record: GovernanceRecord | undefined) => void
}

/**
 * Passes a stream of events on as it comes. If the answer is not complete at its end, the stream fails with a
 * `PosternStreamError`: no reader mistakes a part for the whole.
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

  /** SDKs may abort after `[DONE]`. If the record has arrived, use its `finish`. */
  function leave(): void {
    end(events.record?.finish ?? 'client_closed')
  }

  function broken(error?: unknown): PosternStreamError {
    const { record, failure, text: received } = events
    const recorded = record?.finish === 'complete' ? undefined : record?.finish
    const finish = recorded ?? (failure ? 'upstream_error' : 'truncated')
    return new PosternStreamError({ finish, received, record: end(finish), cause: failure ?? error })
  }

  /** Returns the next bytes to pass on; `undefined` at the end. After a failure event nothing is passed on. */
  async function next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return undefined
      const passed = events.push(value)
      if (events.id) identified(events.id)
      if (passed.length > 0) return passed
    }
  }

  // An application that aborts may never read again: listen for the abort itself.
  if (signal?.aborted) leave()
  else signal?.addEventListener('abort', leave)

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        let chunk: Uint8Array | undefined
        try {
          chunk = await next()
        } catch (error) {
          // If the application aborted, it gets its own error. Any other error is a broken stream, even one that
          // looks like an abort.
          controller.error(signal?.aborted ? error : broken(error))
          return
        }
        if (chunk) {
          controller.enqueue(chunk)
          return
        }
        // A clean close without a `complete` record is an error.
        if (events.record?.finish !== 'complete' || events.failure) controller.error(broken())
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
