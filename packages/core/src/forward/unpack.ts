import type { Decoder, OpenDecoder } from './content-codings.js'
import type { Delivery, Exchange } from './exchange.js'

/** Packed bytes that break off or do not check out. */
export class BrokenPacking extends Error {
  override readonly name = 'BrokenPacking'
}

/**
 * Unpacks an answer on its way to the delivery, so that what the client gets is looked at, and nothing is
 * passed on unread.
 *
 * Bytes leave as soon as they can be told, and no more is unpacked than the client has read: a small body that
 * unpacks to a large one takes no more memory than any other. What cannot be unpacked, or ends too soon, broke off. Of an answer
 * that has all it says, only the data must be whole: some servers leave out the checksum behind it.
 */
export function unpack(exchange: Exchange, decoders: readonly OpenDecoder[], delivery: Delivery): Delivery {
  let failure: unknown
  // Decoders call from turns of their own, where nobody would catch what is thrown.
  const unlessSettled = (deliver: () => boolean | void): boolean => {
    if (exchange.settled) return true
    try {
      return deliver() !== false
    } catch (error) {
      exchange.refuse(error)
      exchange.abort(error as Error)
      return true
    }
  }
  const last: Taker = {
    take: (chunk) => unlessSettled(() => delivery.chunk(chunk)),
    ready: (then) => whenClientHasRead(exchange, then),
    hasAll: () => delivery.hasAll?.() === true,
    end: () => unlessSettled(() => (failure === undefined ? delivery.end() : delivery.broken(failure))),
    fail(error) {
      unlessSettled(() => delivery.broken(failure ?? new BrokenPacking(error.message, { cause: error })))
      exchange.abort(error)
    },
  }
  const stages: Stage[] = []
  const first = decoders.reduceRight<Taker>((next, open) => {
    const stage = new Stage(open, next)
    stages.push(stage)
    return stage
  }, last)
  exchange.facts.sink.once('close', () => {
    for (const stage of stages) stage.close()
  })
  return {
    chunk: (chunk) => first.take(chunk),
    ready: (then) => first.ready(then),
    end: () => void first.end(),
    // What came before the break is still the client's.
    broken(error) {
      failure = error
      first.end()
    },
  }
}

/** What takes bytes, and says when it can take more. */
interface Taker {
  /** `false`: wait for {@link ready}. */
  take(chunk: Buffer): boolean
  ready(then: () => void): void
  hasAll(): boolean
  end(): unknown
  fail(error: Error): void
}

/** One coding that is unpacked; begun with the first byte. */
class Stage implements Taker {
  readonly #open: OpenDecoder
  readonly #next: Taker
  #decoder: Decoder | undefined
  /** The last packed bytes. */
  #tail: Buffer = Buffer.alloc(0)
  /** What to do once all that was unpacked is taken. */
  #then: (() => void) | undefined
  /** Whether what stands in place of the trailer was written. */
  #probes = false

  constructor(open: OpenDecoder, next: Taker) {
    this.#open = open
    this.#next = next
  }

  take(chunk: Buffer): boolean {
    if (chunk.length === 0) return true
    this.#decoder ??= this.#begin(chunk[0] as number)
    const { stream, hasTrailer } = this.#decoder
    if (hasTrailer) this.#tail = Buffer.concat([this.#tail, chunk.subarray(-flushed.length)]).subarray(-flushed.length)
    return stream.destroyed || stream.write(chunk)
  }

  ready(then: () => void): void {
    this.#decoder?.stream.once('drain', then)
  }

  hasAll(): boolean {
    return this.#next.hasAll()
  }

  end(): void {
    if (this.#decoder === undefined) {
      this.#next.end()
      return
    }
    const { stream, hasTrailer } = this.#decoder
    if (stream.destroyed) return
    if (!hasTrailer) {
      stream.end()
      return
    }
    stream.flush(() => {
      this.#then = () => this.#endBehindData(stream)
      this.#goOn(stream)
    })
  }

  fail(error: Error): void {
    this.#next.fail(error)
  }

  close(): void {
    this.#decoder?.stream.destroy()
  }

  #begin(firstByte: number): Decoder {
    const decoder = this.#open(firstByte)
    const { stream } = decoder
    stream.on('data', (chunk: Buffer) => {
      // What is unpacked from bytes that nobody sent is nobody's.
      if (this.#probes) return
      if (!this.#next.take(chunk)) {
        stream.pause()
        this.#next.ready(() => stream.resume())
      }
      this.#goOn(stream)
    })
    stream.on('end', () => this.#next.end())
    stream.on('error', (error) => {
      // Four bytes reach a checksum, or the length behind it, only where the data before them is whole.
      if (this.#probes && wrongTrailer.has(error.message)) this.#next.end()
      else this.#next.fail(error)
    })
    return decoder
  }

  #goOn(stream: Decoder['stream']): void {
    if (this.#then === undefined || stream.readableLength > 0 || stream.destroyed) return
    const then = this.#then
    this.#then = undefined
    then()
  }

  /** Where the mark that ends the answer has come, the trailer may be missing, and nothing else. */
  #endBehindData(stream: Decoder['stream']): void {
    if (!this.#next.hasAll()) stream.end()
    else if (this.#tail.equals(flushed)) this.#next.end()
    else {
      this.#probes = true
      stream.end(Buffer.alloc(4))
    }
  }
}

/** Where a packer that is told to flush has written out all that it was given (RFC 1951, 3.2.4). */
const flushed = Buffer.from([0x00, 0x00, 0xff, 0xff])

/** What zlib says of a trailer that does not belong to the data. */
const wrongTrailer = new Set(['incorrect data check', 'incorrect length check'])

/** A client that reads nothing for too long is let go. */
function whenClientHasRead({ facts: { sink, route } }: Exchange, then: () => void): void {
  const timer = setTimeout(() => sink.destroy(), route.gateway.timeouts.unreadMs)
  const stop = (): void => clearTimeout(timer)
  sink.once('drain', () => {
    sink.off('close', stop)
    stop()
    then()
  })
  sink.once('close', stop)
}
