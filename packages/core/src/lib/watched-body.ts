import { Transform, type TransformCallback } from 'node:stream'

/** A body that is checked as it streams through. */
export class WatchedBody extends Transform {
  /**
   * Decides, once the client has sent the whole body, whether the body may be sent on. The stream keeps the last byte back until this function
   * returns or its promise resolves, so the gateway has no whole request before. An error that the function throws, or rejects with, destroys
   * the stream. `undefined`: the stream keeps nothing back.
   */
  lastLook: (() => unknown) | undefined
  #last: Buffer | undefined

  /**
   * @param feed Checks each piece; throws to refuse the body.
   * @param end Checks the body once it is whole, before the last look; throws to refuse it.
   */
  constructor(feed: (bytes: Buffer) => void, end: () => void) {
    super({
      transform: (chunk: Buffer, _encoding, done) => {
        try {
          feed(chunk)
        } catch (error) {
          done(error as Error)
          return
        }
        done(null, this.lastLook === undefined ? chunk : this.#holdBack(chunk))
      },
      flush: (done) => void this.#finish(end, done),
    })
  }

  /** Keeps the last byte of a piece, and gives what goes on: the byte that was kept before, and the rest of the piece. */
  #holdBack(chunk: Buffer): Buffer {
    const before = this.#last
    const rest = chunk.subarray(0, -1)
    this.#last = chunk.subarray(-1)
    return before === undefined ? rest : Buffer.concat([before, rest])
  }

  async #finish(end: () => void, done: TransformCallback): Promise<void> {
    try {
      end()
      await this.lastLook?.()
    } catch (error) {
      done(error as Error)
      return
    }
    done(null, this.#last)
  }
}
