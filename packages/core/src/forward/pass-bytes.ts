import type { AnswerHead } from './answer-head.js'
import { createFrameBlot } from './blot-frames.js'
import { classifyFailure } from './classify-failure.js'
import { type Delivery, type Exchange, writeAnswerHead } from './exchange.js'
import { leakedKey } from './leaked-key.js'

/**
 * Sends an answer on as it comes, with what is known at its start: binary bodies, large ones, and those that
 * have none. The head waits for the first byte, so that what fails before it is an error with a status.
 */
export function passBytes(exchange: Exchange, head: AnswerHead): Delivery {
  const { sink } = exchange.facts
  const guard = exchange.facts.key.leaks.guard()
  const blotFrames = createFrameBlot()
  let begun = false

  const begin = (): void => {
    if (begun) return
    begun = true
    const length = exchange.facts.edit === undefined ? head.header('content-length') : undefined
    writeAnswerHead(exchange, head, exchange.governance(undefined), ...(length === undefined ? [] : ['Content-Length', length]))
  }

  const cut = (cause: unknown, code?: string): void => {
    const record = exchange.governance('truncated')
    exchange.settle({ finish: 'truncated', status: head.status, record, cause, ...(code === undefined ? {} : { code }) })
    // What was written in this turn leaves with the next.
    setImmediate(() => sink.destroy())
  }

  return {
    chunk(chunk) {
      const passed = guard.pass(chunk)
      if (passed !== undefined) {
        if (passed.length === 0) return true
        begin()
        return sink.write(blotFrames(passed))
      }
      const leaked = leakedKey(exchange, guard.found as string)
      if (begun) cut(leaked, leaked.code)
      else exchange.refuse(leaked)
      exchange.abort(leaked)
      return true
    },
    end() {
      begin()
      const rest = guard.rest()
      if (rest.length > 0) sink.write(blotFrames(rest))
      sink.end()
      exchange.settle({ finish: 'complete', status: head.status, record: exchange.governance('complete') })
    },
    broken(error) {
      if (begun) cut(error)
      else exchange.refuse(classifyFailure(error))
    },
  }
}
