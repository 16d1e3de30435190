import { GrowingBuffer } from '../lib/growing-buffer.js'
import { classifyFailure } from './classify-failure.js'
import type { Delivery, Exchange } from './exchange.js'
import { type AnswerKind, kindOf } from './kind-of-answer.js'

/** Chooses the delivery of an answer by its first bytes, for a `Content-Type` that does not tell. */
export class PeekedAnswer implements Delivery {
  readonly #exchange: Exchange
  readonly #choose: (kind: AnswerKind) => Delivery
  readonly #first = new GrowingBuffer()
  #chosen: Delivery | undefined

  constructor(exchange: Exchange, choose: (kind: AnswerKind) => Delivery) {
    this.#exchange = exchange
    this.#choose = choose
  }

  chunk(chunk: Buffer): boolean {
    if (this.#chosen !== undefined) return this.#chosen.chunk(chunk)
    this.#first.append(chunk)
    const kind = kindOf(this.#first.view())
    return kind === undefined ? true : this.#begin(kind)
  }

  hasAll(): boolean {
    return this.#chosen?.hasAll?.() === true
  }

  end(): void {
    if (this.#chosen === undefined) this.#begin('other')
    this.#chosen?.end()
  }

  broken(error: unknown): void {
    if (this.#chosen === undefined) this.#exchange.refuse(classifyFailure(error))
    else this.#chosen.broken(error)
  }

  #begin(kind: AnswerKind): boolean {
    this.#chosen = this.#choose(kind)
    return this.#first.length === 0 || this.#chosen.chunk(this.#first.take())
  }
}
