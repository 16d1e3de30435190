import type { Transform } from 'node:stream'
import type { OpenDecoder } from './content-codings.js'
import type { Delivery, Exchange } from './exchange.js'

/**
 * Unpacks an answer on its way to the delivery, so that what the client gets is looked at, and nothing is
 * passed on unread.
 *
 * Bytes leave as soon as they can be told, and no more is unpacked than the client has read: a small body that
 * unpacks to a large one takes no more memory than any other. What cannot be unpacked, or ends too soon, broke off.
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
    end: () => unlessSettled(() => (failure === undefined ? delivery.end() : delivery.broken(failure))),
    fail(error) {
      unlessSettled(() => delivery.broken(failure ?? error))
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
  end(): unknown
  fail(error: Error): void
}

/** One coding that is unpacked; begun with the first byte. */
class Stage implements Taker {
  readonly #open: OpenDecoder
  readonly #next: Taker
  #decoder: Transform | undefined

  constructor(open: OpenDecoder, next: Taker) {
    this.#open = open
    this.#next = next
  }

  take(chunk: Buffer): boolean {
    if (chunk.length === 0) return true
    this.#decoder ??= this.#begin(chunk[0] as number)
    return this.#decoder.destroyed || this.#decoder.write(chunk)
  }

  ready(then: () => void): void {
    this.#decoder?.once('drain', then)
  }

  end(): void {
    if (this.#decoder === undefined) this.#next.end()
    else if (!this.#decoder.destroyed) this.#decoder.end()
  }

  fail(error: Error): void {
    this.#next.fail(error)
  }

  close(): void {
    this.#decoder?.destroy()
  }

  #begin(firstByte: number): Transform {
    const decoder = this.#open(firstByte)
    decoder.on('data', (chunk: Buffer) => {
      if (this.#next.take(chunk)) return
      decoder.pause()
      this.#next.ready(() => decoder.resume())
    })
    decoder.on('end', () => this.#next.end())
    decoder.on('error', (error) => this.#next.fail(error))
    return decoder
  }
}

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
