import { Transform, type TransformCallback, type TransformOptions } from 'node:stream'

/** A body that is checked as it streams through. What came last waits until more comes, or until the body is whole and the last look has passed. */
export class WatchedBody extends Transform {
  /**
   * Looks once more, when the body is whole, whether it may be sent: until then whoever gets it has no whole request. What it throws, or
   * rejects with, destroys the body. Default: looks at nothing.
   */
  lastLook: () => unknown = () => undefined
  #last: Buffer | undefined

  /**
   * @param feed Checks each piece; throws to refuse the body.
   * @param end Checks the body once it is whole, before the last look; throws to refuse it.
   */
  constructor(feed: (bytes: Buffer) => void, end: () => void) {
    const options: TransformOptions = {
      transform: (chunk: Buffer, _encoding, done) => {
        try {
          feed(chunk)
        } catch (error) {
          done(error as Error)
          return
        }
        const before = this.#last
        this.#last = chunk
        if (before === undefined) done()
        else done(null, before)
      },
      flush: (done) => void this.#finish(end, done),
    }
    super(options)
  }

  async #finish(end: () => void, done: TransformCallback): Promise<void> {
    try {
      end()
      await this.lastLook()
    } catch (error) {
      done(error as Error)
      return
    }
    done(null, this.#last)
  }
}
