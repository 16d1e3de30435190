import { deliver, type Manner } from './deliver.js'
import type { EmulatedCall } from './emulated-call.js'
import type { GatewayBehaviour } from './gateway-behaviour.js'
import type { Question } from './question.js'
import { piecesOf, replyTo } from './reply.js'
import type { TransportCase } from './transport-case.js'

const LONG_TEXT = Array.from({ length: 48 }, (_, index) => `word${index + 1} `)
const BIG_TEXT = Array.from({ length: 48 }, (_, index) => `${String(index).padStart(4, '0')} `.padEnd(65_536, 'abcdefghijklmnop'))

const MANNERS: Partial<Record<TransportCase, Manner>> = {
  'hang-stream': { stop: { after: 'first', outcome: 'silence' } },
  'slow-stream': { delayMs: 100 },
  'cut-stream': { stop: { after: 'half', outcome: 'cut' } },
  'end-without-done': { unclosed: true },
  'split-events': { pieceBytes: 7 },
  'crlf-events': { lineEnd: '\r\n' },
  'set-cookie': {
    headers: {
      'Set-Cookie': ['gateway_session=abc123; Path=/; HttpOnly', 'gateway_route=eu; Path=/'],
      'Alt-Svc': 'h3=":443"; ma=86400',
      'Proxy-Authenticate': 'Basic realm="gateway"',
      Connection: 'x-secret-hop',
      'X-Secret-Hop': 'between the gateway and its caller only',
    },
  },
}

export async function playTransportCase(
  name: TransportCase,
  exchange: EmulatedCall,
  behaviour: GatewayBehaviour,
  question: Question,
): Promise<void> {
  const reply = piecesOf(replyTo(question.prompt))
  const secrets = exchange.seen.credentials.map(({ value }) => value)
  switch (name) {
    case 'hang':
      return
    case 'html':
      return exchange.sendHtml('<!doctype html><html><head><title>Welcome</title></head><body><h1>It works</h1></body></html>\n')
    case 'redirect':
      return exchange.sendBytes(307, Buffer.alloc(0), { location: new URL('/stolen', exchange.url).href })
    case 'not-json':
      return exchange.sendBytes(200, Buffer.from('{"choices": [{"message": '), { 'content-type': 'application/json' })
    case 'echo-key-error':
      return exchange.sendJson(400, behaviour.repeatSecret(secrets.join(' and ')))
    case 'echo-key':
      return deliver(exchange, question.answer(['You ', 'sent ', 'the ', 'key ', secrets.join(' and '), '.']), {
        headers: { authorization: `Bearer ${secrets.join(' ')}` },
      })
    case 'echo-key-split': {
      const halves = secrets.flatMap((secret) => [secret.slice(0, secret.length >> 1), secret.slice(secret.length >> 1), ' '])
      return deliver(exchange, question.answer(['You sent the key ', ...halves]))
    }
    case 'request-id':
      return deliver(exchange, question.answer(reply), {
        headers: { 'x-request-id': `gateway-${String(exchange.number).padStart(6, '0')}` },
      })
    case 'big':
      return deliver(exchange, question.answer(BIG_TEXT))
    case 'slow-stream':
      return deliver(exchange, question.answer(LONG_TEXT), MANNERS[name])
    case 'stream-error':
      return deliver(exchange, question.answer(reply, name))
    default:
      return deliver(exchange, question.answer(reply), MANNERS[name])
  }
}
