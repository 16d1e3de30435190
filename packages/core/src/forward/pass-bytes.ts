import type { AnswerHead } from './answer-head.js'
import { type Delivery, type Exchange, writeAnswerHead } from './exchange.js'
import { createLeakGuard } from './leak-guard.js'

/** Sends an answer on as it comes, with what is known at its start: binary bodies, large ones, and those that have none. */
export function passBytes(exchange: Exchange, head: AnswerHead): Delivery {
  const { sink } = exchange.facts
  const guard = createLeakGuard(exchange.facts.key.secrets)
  const length = head.header('content-length')
  writeAnswerHead(exchange, head, exchange.governance(undefined), ...(length === undefined ? [] : ['Content-Length', length]))

  const cut = (cause: unknown, code?: string): void => {
    sink.destroy()
    exchange.settle({
      finish: 'truncated',
      status: head.status,
      record: exchange.governance('truncated'),
      cause,
      ...(code === undefined ? {} : { code }),
    })
  }

  return {
    chunk(chunk) {
      if (!guard.leaks(chunk)) return sink.write(chunk)
      exchange.abort(new Error('The gateway repeated a credential.'))
      cut(undefined, 'gateway_answer_invalid')
      return true
    },
    end() {
      sink.end()
      exchange.settle({ finish: 'complete', status: head.status, record: exchange.governance('complete') })
    },
    broken: cut,
  }
}
