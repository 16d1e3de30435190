import type { Duplex } from 'node:stream'
import { deserialize, serialize } from 'node:v8'

/** How many bytes say how long a frame is. */
const lengthBytes = 4

/** Sends the messages of one turn of the event loop together. */
export interface Frames {
  send(message: unknown): void
  /** Sends at once what waits. */
  flush(): void
}

/**
 * Carries messages over a stream of bytes, in order, both ways. Messages of one turn of the event loop are one frame: many calls that reach
 * the process together cost one write.
 *
 * @param hear Gets each message.
 */
export function openFrames(stream: Duplex, hear: (message: unknown) => void): Frames {
  let waiting: unknown[] = []
  let isPlanned = false

  function flush(): void {
    isPlanned = false
    if (waiting.length === 0 || stream.destroyed) return
    const body = serialize(waiting)
    waiting = []
    const head = Buffer.allocUnsafe(lengthBytes)
    head.writeUInt32BE(body.length)
    stream.cork()
    stream.write(head)
    stream.write(body)
    stream.uncork()
  }

  readFrames(stream, (body) => {
    for (const message of deserialize(body) as readonly unknown[]) hear(message)
  })
  return {
    flush,
    send(message) {
      waiting.push(message)
      if (isPlanned) return
      isPlanned = true
      setImmediate(flush)
    },
  }
}

/** Calls `take` with the body of each frame. */
function readFrames(stream: Duplex, take: (body: Buffer) => void): void {
  let pieces: Buffer[] = []
  let length = 0
  stream.on('data', (piece: Buffer) => {
    pieces.push(piece)
    length += piece.length
    for (;;) {
      const needed = length < lengthBytes ? lengthBytes : lengthBytes + lengthOf(pieces)
      if (length < needed) return
      const whole = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
      take(whole.subarray(lengthBytes, needed))
      length -= needed
      pieces = length === 0 ? [] : [whole.subarray(needed)]
    }
  })
}

/** The length of the first frame. The bytes that say it may lie in several pieces. */
function lengthOf(pieces: Buffer[]): number {
  if ((pieces[0] as Buffer).length < lengthBytes) pieces.splice(0, pieces.length, Buffer.concat(pieces))
  return (pieces[0] as Buffer).readUInt32BE()
}
