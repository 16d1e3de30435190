import { GrowingBuffer } from '../../lib/growing-buffer.js'
import type { Delivery } from '../exchange.js'
import type { ClientAnswer } from './client-answer.js'
import { type AnswerKind, kindOf } from './kind-of-answer.js'

/** Chooses the delivery of an answer by its first bytes, for a `Content-Type` that does not tell. */
export class PeekedAnswer implements Delivery {
  readonly #answer: ClientAnswer
  readonly #choose: (kind: AnswerKind) => Delivery
  readonly #first = new GrowingBuffer()
  #chosen: Delivery | undefined

  constructor(answer: ClientAnswer, choose: (kind: AnswerKind) => Delivery) {
    this.#answer = answer
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
    if (this.#chosen === undefined) this.#answer.breakOff(error)
    else this.#chosen.broken(error)
  }

  #begin(kind: AnswerKind): boolean {
    this.#chosen = this.#choose(kind)
    return this.#first.length === 0 || this.#chosen.chunk(this.#first.take())
  }
}
