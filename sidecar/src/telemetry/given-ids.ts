import type { IdGenerator } from '@opentelemetry/sdk-trace-base'

/** Gives spans the ids that Postern drew for them, since the gateway was told the id of its attempt. Other spans get random ids. */
export class GivenIds implements IdGenerator {
  readonly #random: IdGenerator
  #traceId: string | undefined
  #spanId: string | undefined

  /** @param random Draws the ids that are not given. */
  constructor(random: IdGenerator) {
    this.#random = random
  }

  /** Sets the ids of the next span. @param spanId `undefined`: a random one. */
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
