import { type IncomingMessage, ServerResponse } from 'node:http'

/** A longer chunk is not copied, in bytes: by then that costs what a write of one piece saves. */
const maxCopiedBytes = 8192

const carriageReturn = 0x0d
const lineFeed = 0x0a

type Written = (error?: Error | null) => void

/**
 * An answer whose small chunks go to the connection as one piece each. A server is created with it:
 * `createServer({ ServerResponse: FramedResponse })`.
 *
 * Node gives a connection four pieces for each chunk: its length, a line end, its bytes and another line end (RFC 9112, 7.1). Most
 * answers in chunks are streams of events, of which each is such a chunk; see ADR 0061. The bytes that a client gets are the same.
 * What is written while the connection holds its writes together goes Node's way: another chunk of the same turn, or one behind `cork`.
 */
export class FramedResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  override write(chunk: unknown, encoding?: BufferEncoding | Written, written?: Written): boolean {
    if (!this.chunkedEncoding || !isSmall(chunk) || this.writableCorked > 0) return super.write(chunk, encoding as BufferEncoding, written)
    // Node frames what it is given unless it takes the answer for one without chunks.
    this.chunkedEncoding = false
    try {
      return super.write(framed(chunk), typeof encoding === 'function' ? encoding : written)
    } finally {
      this.chunkedEncoding = true
    }
  }
}

/** Whether a chunk is bytes, at least one and not too many. A chunk of none would be the end of the answer. */
function isSmall(chunk: unknown): chunk is Uint8Array {
  return chunk instanceof Uint8Array && chunk.length > 0 && chunk.length <= maxCopiedBytes
}

function framed(chunk: Uint8Array): Buffer {
  const size = `${chunk.length.toString(16)}\r\n`
  const piece = Buffer.allocUnsafe(size.length + chunk.length + 2)
  piece.write(size, 'latin1')
  piece.set(chunk, size.length)
  piece[piece.length - 2] = carriageReturn
  piece[piece.length - 1] = lineFeed
  return piece
}
