import type { IdGenerator } from '@opentelemetry/sdk-trace-base'

/** Gives spans the ids that Postern has drawn for them, where it has: a gateway was told the id of its attempt. */
export class GivenIds implements IdGenerator {
  readonly #random: IdGenerator
  #traceId: string | undefined
  #spanId: string | undefined

  /** @param random Draws the ids that are not given. */
  constructor(random: IdGenerator) {
    this.#random = random
  }

  /** The ids of the next span. `undefined`: any. */
  next(traceId: string, spanId: string | undefined): void {
    this.#traceId = traceId
    this.#spanId = spanId
  }

  generateTraceId(): string {
    return this.#traceId ?? this.#random.generateTraceId()
  }

  generateSpanId(): string {
    return this.#spanId ?? this.#random.generateSpanId()
  }
}
