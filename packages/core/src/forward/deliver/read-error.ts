import type { ClientAnswer } from './client-answer.js'
import { parseJson } from './parse-json.js'
import type { Delivery, Exchange } from '../exchange.js'
import type { Refusal } from '@postern/ports'
import { readEventData } from './read-event.js'
import { refuseForGateway } from './refuse-for-gateway.js'

/** Maximum length of an error body that is read, in bytes; an error envelope is far smaller. */
const maxErrorBytes = 256 * 1024

/**
 * Reads a gateway's error, so that the client gets it in Postern's envelope. If the body is too large or broke off, the
 * missing part could say that a model ran: then neither Postern nor the client may try again.
 */
export function readError(exchange: Exchange, answer: ClientAnswer): Delivery {
  const chunks: Buffer[] = []
  let size = 0
  const read = (): Refusal => {
    const text = Buffer.concat(chunks, size).toString('utf8')
    return refuseForGateway(exchange, answer.head, parseJson(text) ?? parseJson(firstEvent(text)) ?? plainWords(text))
  }
  const refuseInPart = (): void => {
    const refusal = read()
    answer.fail(refusal.retryable ? refusal.afterRun() : refusal)
  }
  return {
    chunk(chunk) {
      if (size + chunk.length <= maxErrorBytes) {
        chunks.push(chunk)
        size += chunk.length
        return true
      }
      refuseInPart()
      exchange.abort(new Error('The gateway sent an error larger than is read.'))
      return true
    },
    end: () => answer.fail(read()),
    broken: refuseInPart,
  }
}

/** The data of the first event, if the gateway sends its error as an event stream. */
function firstEvent(text: string): string {
  if (!/^\s*(?:data|event|id|retry)?:/.test(text)) return ''
  const [event] = text.trimStart().split(/\r\n\r\n|\n\n|\r\r/, 1)
  return readEventData(event as string) ?? ''
}

/** Control characters that texts do not have, and U+FFFD, which replaces invalid UTF-8. */
// oxlint-disable-next-line no-control-regex
const notText = /[\0-\x08\x0e-\x1f\x7f\ufffd]/

/**
 * The words of an error that is not JSON; `undefined` if it is a page or not text. The whole text is returned: if it were cut
 * before it is searched, the end of a key could be lost and the key not be recognised.
 */
function plainWords(text: string): string | undefined {
  const words = text.trim()
  return words === '' || words.startsWith('<') || words.startsWith('{') || notText.test(words) ? undefined : words
}
