import type { Finish, GovernanceRecord } from '@postern/protocol'
import { createEventReader } from './read-events.js'
import { PosternStreamError } from './stream-error.js'

/** What is told of a stream as it goes. */
export interface StreamWatcher {
  /** The id that the gateway gave the answer. */
  identified(id: string): void
  /** How it ended, once. */
  ended(record: GovernanceRecord): void
}

/**
 * Passes a stream of events on as it comes, and fails it at its end where the answer is not whole: after such a
 * stream nobody can take a part for the whole.
 *
 * @param head What was known at its start.
 */
export function watchStream(body: ReadableStream<Uint8Array>, head: GovernanceRecord, watcher: StreamWatcher): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  const events = createEventReader()
  let identified = false

  function end(finish: Finish): GovernanceRecord {
    const record = { ...(events.record ?? head), finish }
    watcher.ended(record)
    return record
  }

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (!done) {
            events.push(value)
            if (!identified && events.id !== undefined) {
              identified = true
              watcher.identified(events.id)
            }
            controller.enqueue(value)
            return
          }
        } catch (error) {
          // Whoever aborted knows that it did.
          if (error instanceof Error && error.name === 'AbortError') {
            end('client_closed')
            controller.error(error)
          } else controller.error(new PosternStreamError('truncated', events.text, end('truncated'), error))
          return
        }
        // No ending is no whole answer either, however cleanly the connection closed.
        const finish = events.record?.finish ?? 'truncated'
        const record = end(finish)
        if (finish === 'complete') controller.close()
        else controller.error(new PosternStreamError(finish, events.text, record))
      },
      async cancel(reason) {
        end('client_closed')
        await reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}
