import { isAscii } from 'node:buffer'
import { GrowingBuffer } from '../growing-buffer.js'
import { Refusal } from '../refusal.js'
import type { AnswerHead } from './answer-head.js'
import { classifyFailure } from './classify-failure.js'
import { type Delivery, type Exchange, writeAnswerHead } from './exchange.js'
import { leakedKey } from './leaked-key.js'
import { passBytes } from './pass-bytes.js'
import { repeatsSecret } from './repeats-secret.js'
import { refuseForGateway } from './refuse-for-gateway.js'

/** The largest JSON answer that waits for its governance header, in bytes. */
export const maxHeldBytes = 1024 * 1024

/**
 * Holds a JSON answer until it is whole, because its governance header comes before it, and then sends it
 * as it came. One that grows beyond the bound is sent on with what is known by then.
 *
 * A class for the reason that ADR 0003 gives.
 */
export class HeldAnswer implements Delivery {
  readonly #exchange: Exchange
  readonly #head: AnswerHead
  readonly #held = new GrowingBuffer()
  #overflow: Delivery | undefined

  constructor(exchange: Exchange, head: AnswerHead) {
    this.#exchange = exchange
    this.#head = head
  }

  chunk(chunk: Buffer): boolean {
    if (this.#overflow !== undefined) return this.#overflow.chunk(chunk)
    this.#held.append(chunk)
    if (this.#held.length <= maxHeldBytes) return true
    this.#overflow = passBytes(this.#exchange, this.#head)
    return this.#overflow.chunk(this.#held.take())
  }

  end(): void {
    if (this.#overflow !== undefined) this.#overflow.end()
    else this.#sendWhole(this.#held.take())
  }

  broken(error: unknown): void {
    if (this.#overflow !== undefined) this.#overflow.broken(error)
    else this.#exchange.refuse(classifyFailure(error))
  }

  #sendWhole(body: Buffer): void {
    const exchange = this.#exchange
    const { facts } = exchange
    const latin1 = body.toString('latin1')
    const text = isAscii(body) ? latin1 : body.toString('utf8')
    if (repeatsSecret(text, facts.key.secrets)) {
      exchange.refuse(leakedKey())
      return
    }
    const document = parse(text)
    if (document === undefined) {
      exchange.refuse(invalid('The gateway answered with JSON that cannot be read.'))
      return
    }
    if (facts.errors.isError(document)) {
      exchange.refuse(refuseForGateway(exchange, this.#head, document))
      return
    }
    facts.tap.body(document, 'answer')
    const record = exchange.governance('complete')
    writeAnswerHead(exchange, this.#head, record, 'Content-Length', String(body.length))
    // As one Latin-1 text, byte for byte the same, head and body leave in one write; a buffer would take two.
    facts.sink.end(latin1, 'latin1')
    exchange.settle({ finish: 'complete', status: this.#head.status, record })
  }
}

function invalid(message: string): Refusal {
  return new Refusal('gateway_answer_invalid', { message })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
