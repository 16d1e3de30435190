import type { Finish } from '@postern/protocol'
import type { AnswerHead } from './answer-head.js'
import { beginInTime } from './begin-in-time.js'
import { createFrameBlot } from './blot-frames.js'
import { classifyFailure } from './classify-failure.js'
import { type Delivery, type Exchange, writeAnswerHead } from './exchange.js'
import { isCutByRevocation } from './is-cut-by-revocation.js'
import { leakedKey } from './leaked-key.js'

/**
 * Sends an answer on as it arrives, with a record of the facts at its start: binary bodies, large bodies, and answers without
 * a body. The head waits for the first byte, for up to `firstEventMs`, so that an earlier failure becomes an error with a
 * status.
 *
 * @param finishOf The `finish` of a complete answer. Default `complete`.
 */
export function passBytes(exchange: Exchange, head: AnswerHead, finishOf: () => Finish = () => 'complete'): Delivery {
  const { sink } = exchange.facts
  const guard = exchange.facts.key.leaks.guard()
  const blotFrames = createFrameBlot()
  // Blanks may have kept it alive before.
  let begun = sink.headersSent

  const begin = (): void => {
    if (begun) return
    stopClock()
    const length = exchange.facts.edit === undefined ? head.header('content-length') : undefined
    writeAnswerHead(exchange, head, exchange.governance(undefined), ...(length === undefined ? [] : ['Content-Length', length]))
    // A middleware in front may throw: then a refusal can still be written.
    begun = true
  }

  const stopClock = beginInTime(exchange, begin)

  const cut = (cause: unknown, code?: string): void => {
    const record = exchange.governance('truncated')
    exchange.settle({ finish: 'truncated', status: head.status, record, cause, ...(code === undefined ? {} : { code }) })
    // Destroy in a later turn, so that the bytes written in this turn are sent.
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
      const finish = finishOf()
      exchange.settle({ finish, status: head.status, record: exchange.governance(finish) })
    },
    broken(error) {
      if (begun) cut(error, isCutByRevocation(error) ? error.code : undefined)
      else exchange.refuse(classifyFailure(error))
    },
  }
}
