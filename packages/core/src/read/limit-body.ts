import { pipeline, type Readable, Transform } from 'node:stream'
import { bodyTooLarge } from './read-body.js'

/** Passes a body of unknown length on until it grows beyond the limit; then it ends in `body_too_large`. */
export function limitBody(body: Readable, maxBytes: number): Readable {
  let size = 0
  const limited = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length
      if (size > maxBytes) done(bodyTooLarge(maxBytes))
      else done(null, chunk)
    },
  })
  // The failure reaches whoever reads the limited body; the callback only keeps it from being thrown as well.
  return pipeline(body, limited, () => {})
}
