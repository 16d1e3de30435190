import type { Decoder, OpenDecoder } from './content-codings.js'
import type { Delivery, Exchange } from '../exchange.js'
import { isCut } from './is-cut.js'

/** Compressed data that breaks off or is corrupt. */
export class BrokenPacking extends Error {
  override readonly name = 'BrokenPacking'
}

/**
 * Decompresses an answer before its delivery, so that Postern reads all that the client gets.
 *
 * Decompressed bytes are passed on at once, and no more is decompressed than the client reads: a small body with a large
 * content takes no more memory than another. Data that is corrupt or ends too early counts as broken off. If the end mark of
 * the answer has arrived, only the data must be complete: some servers omit the checksum behind it.
 */
export function unpack(exchange: Exchange, decoders: readonly OpenDecoder[], delivery: Delivery): Delivery {
  let failure: unknown
  // Decoders call back in turns of their own, where an exception would end the process.
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
  const close = (): void => {
    for (const stage of stages) stage.close()
  }
  exchange.facts.sink.once('close', close)
  return {
    chunk: (chunk) => first.take(chunk),
    ready: (then) => first.ready(then),
    end: () => void first.end(),
    broken(error) {
      if (isCut(error)) {
        close()
        unlessSettled(() => delivery.broken(error))
        return
      }
      // The client still gets the bytes that arrived before the break.
      failure = error
      first.end()
    },
  }
}

/** Takes bytes, and tells when it can take more. */
interface Taker {
  /** `false`: wait for {@link ready}. */
  take(chunk: Buffer): boolean
  ready(then: () => void): void
  hasAll(): boolean
  end(): unknown
  fail(error: Error): void
}

/** Decodes one coding. The decoder is made with the first byte. */
class Stage implements Taker {
  readonly #open: OpenDecoder
  readonly #next: Taker
  #decoder: Decoder | undefined
  /** The last four compressed bytes. */
  #tail: Buffer = Buffer.alloc(0)
  /** Called once all decompressed bytes were taken. */
  #then: (() => void) | undefined
  /** Whether four zero bytes were written as a probe, in place of a trailer. */
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
      // Ignore output of the probe, which the gateway did not send.
      if (this.#probes) return
      if (!this.#next.take(chunk)) {
        stream.pause()
        this.#next.ready(() => stream.resume())
      }
      this.#goOn(stream)
    })
    stream.on('end', () => this.#next.end())
    stream.on('error', (error) => {
      // zlib checks the trailer only behind complete data, so this error shows that the data is complete.
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

  /** Ends the decoder. If the answer's end mark has arrived, the trailer may be missing, but no data. */
  #endBehindData(stream: Decoder['stream']): void {
    if (!this.#next.hasAll()) stream.end()
    else if (this.#tail.equals(flushed)) this.#next.end()
    else {
      this.#probes = true
      stream.end(Buffer.alloc(4))
    }
  }
}

/** The end of compressed data after a flush: an empty stored block (RFC 1951, 3.2.4). */
const flushed = Buffer.from([0x00, 0x00, 0xff, 0xff])

/** zlib's errors for a trailer that does not match the data. */
const wrongTrailer = new Set(['incorrect data check', 'incorrect length check'])

/** Calls `then` once the client has read; disconnects a client that reads nothing for `unreadMs`. */
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
