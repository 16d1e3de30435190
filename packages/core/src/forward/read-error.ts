import type { AnswerHead } from './answer-head.js'
import { parseJson } from './parse-json.js'
import type { Delivery, Exchange } from './exchange.js'
import { refuseForGateway } from './refuse-for-gateway.js'

/** The part of an error body that is read, in bytes; an envelope is far smaller. */
const maxErrorBytes = 256 * 1024

/** Reads a gateway's error, so that the client gets it in the one envelope. */
export function readError(exchange: Exchange, head: AnswerHead): Delivery {
  const chunks: Buffer[] = []
  let size = 0
  const refuse = (): void => exchange.refuse(refuseForGateway(exchange, head, parseJson(Buffer.concat(chunks, size).toString('utf8'))))
  return {
    chunk(chunk) {
      if (size + chunk.length <= maxErrorBytes) {
        chunks.push(chunk)
        size += chunk.length
        return true
      }
      refuse()
      exchange.abort(new Error('The gateway sent an error larger than is read.'))
      return true
    },
    end: refuse,
    broken: refuse,
  }
}
