import { type Readable, Transform } from 'node:stream'
import { ClientGone } from '../refusal.js'
import { bodyTooLarge } from './read-body.js'

/** Whoever reads a body as it passes, and may throw a refusal. */
export interface BodyWatcher {
  feed(bytes: Buffer): void
  end(): void
}

/**
 * Passes a body on until it grows beyond the limit or a watcher refuses it; then it ends in that refusal. The client's
 * connection stays open, so that the client reads its answer.
 */
export function watchBody(body: Readable, maxBytes: number, watcher?: BodyWatcher): Readable {
  let size = 0
  const watched = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length
      try {
        if (size > maxBytes) throw bodyTooLarge(maxBytes, 'policy')
        watcher?.feed(chunk)
        done(null, chunk)
      } catch (error) {
        done(error as Error)
      }
    },
    flush(done) {
      try {
        watcher?.end()
        done()
      } catch (error) {
        done(error as Error)
      }
    },
  })
  body.once('close', () => {
    if (!body.readableEnded) watched.destroy(new ClientGone('The client left while sending its body.'))
  })
  return body.pipe(watched)
}
