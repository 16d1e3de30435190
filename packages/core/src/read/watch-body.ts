import type { Readable } from 'node:stream'
import { ClientGone } from '@postern/ports'
import { WatchedBody } from '../lib/watched-body.js'
import { bodyTooLarge, refusalOfEnd } from './read-body.js'

/** Checks a body as it streams through. Throws a `Refusal` to refuse it. */
export interface BodyWatcher {
  feed(bytes: Buffer): void
  end(): void
}

/**
 * Passes a body on. If it exceeds `maxBytes`, or the watcher refuses it, the returned stream is destroyed with the refusal;
 * the client's connection stays open, so that the client can read its answer.
 */
export function watchBody(body: Readable, maxBytes: number, watcher?: BodyWatcher): WatchedBody {
  let size = 0
  const watched = new WatchedBody(
    (chunk) => {
      size += chunk.length
      if (size > maxBytes) throw bodyTooLarge(maxBytes, 'policy')
      watcher?.feed(chunk)
    },
    () => watcher?.end(),
  )
  // A client may leave before anybody reads: then whoever sends this body on finds it destroyed, and an error that nobody hears would end
  // the process.
  watched.on('error', () => {})
  body.once('close', () => {
    if (!body.readableEnded) watched.destroy(refusalOfEnd(body) ?? new ClientGone('The client left while sending its body.'))
  })
  return body.pipe(watched)
}
