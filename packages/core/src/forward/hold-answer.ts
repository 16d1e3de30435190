import { isAscii } from 'node:buffer'
import { Refusal } from '../refusal.js'
import type { AnswerHead } from './answer-head.js'
import { classifyFailure } from './classify-failure.js'
import { type Delivery, type Exchange, writeAnswerHead } from './exchange.js'
import { passBytes } from './pass-bytes.js'
import { refuseForGateway } from './refuse-for-gateway.js'

/** The largest JSON answer that waits for its governance header, in bytes. */
export const maxHeldBytes = 1024 * 1024

/**
 * Holds a JSON answer until it is whole, because its governance header comes before it, and then sends it
 * as it came. One that grows beyond the bound is sent on with what is known by then.
 */
export function holdAnswer(exchange: Exchange, head: AnswerHead): Delivery {
  let chunks: Buffer[] = []
  let size = 0
  let overflow: Delivery | undefined

  return {
    chunk(chunk) {
      if (overflow !== undefined) return overflow.chunk(chunk)
      chunks.push(chunk)
      size += chunk.length
      if (size <= maxHeldBytes) return true
      overflow = passBytes(exchange, head)
      const held = Buffer.concat(chunks, size)
      chunks = []
      return overflow.chunk(held)
    },
    end() {
      if (overflow !== undefined) overflow.end()
      else sendWhole(exchange, head, chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size))
    },
    broken(error) {
      if (overflow !== undefined) overflow.broken(error)
      else exchange.refuse(classifyFailure(error))
    },
  }
}

function sendWhole(exchange: Exchange, head: AnswerHead, body: Buffer): void {
  const latin1 = body.toString('latin1')
  const text = isAscii(body) ? latin1 : body.toString('utf8')
  if (exchange.facts.key.secrets.some((secret) => text.includes(secret))) {
    exchange.refuse(
      new Refusal('gateway_answer_invalid', { message: 'The gateway repeated a credential in its answer; the answer is withheld.' }),
    )
    return
  }
  const document = parse(text)
  if (document === undefined) {
    exchange.refuse(new Refusal('gateway_answer_invalid', { message: 'The gateway answered with JSON that cannot be read.' }))
    return
  }
  if (exchange.facts.errors.isError(document)) {
    exchange.refuse(refuseForGateway(exchange, head, document))
    return
  }
  exchange.facts.tap.body(document, 'answer')
  const record = exchange.governance('complete')
  writeAnswerHead(exchange, head, record, 'Content-Length', String(body.length))
  // As one Latin-1 text, byte for byte the same, head and body leave in one write; a buffer would take two.
  exchange.facts.sink.end(latin1, 'latin1')
  exchange.settle({ finish: 'complete', status: head.status, record })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
