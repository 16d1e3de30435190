import type { Finish } from '@postern/protocol'
import type { Delivery, Exchange } from '../exchange.js'
import { createFrameBlot } from './blot-frames.js'
import type { ClientAnswer } from './client-answer.js'
import { leakedKey } from './leaked-key.js'
import { isJsonType } from '../../lib/json-type.js'
import { LastMembers } from './read-last-members.js'

/**
 * Sends an answer on as it arrives, with a record of the facts at its start: binary bodies, large bodies, and answers without
 * a body. Of a large JSON answer, the facts at its end are read for the ledger. The head waits for the first byte, for up to `firstEventMs`, so that an earlier failure becomes an error with a
 * status.
 *
 * @param finishOf The `finish` of a complete answer. Default `complete`.
 */
export function passBytes(exchange: Exchange, answer: ClientAnswer, finishOf: () => Finish = () => 'complete'): Delivery {
  const guard = exchange.facts.key.leaks.guard()
  const blotFrames = createFrameBlot()
  const begin = (): void => {
    const length = exchange.facts.edit === undefined ? answer.head.header('content-length') : undefined
    answer.begin(...(length === undefined ? [] : ['Content-Length', length]))
  }
  answer.beginInTime(begin)
  const last = hasFactsAtEnd(exchange, answer) ? new LastMembers(factMembers(exchange)) : undefined

  return {
    chunk(chunk) {
      const passed = guard.pass(chunk)
      if (passed === undefined) {
        answer.stop(leakedKey(exchange, guard.found as string))
        return true
      }
      last?.hear(chunk)
      if (passed.length === 0) return true
      begin()
      return answer.write(blotFrames(passed))
    },
    end() {
      begin()
      const rest = guard.rest()
      if (rest.length > 0) answer.write(blotFrames(rest))
      const facts = last?.read()
      if (facts !== undefined) exchange.facts.tap.body(facts, 'answer')
      answer.end(finishOf())
    },
    broken: (error) => answer.breakOff(error),
  }
}

function hasFactsAtEnd({ facts: { arrival } }: Exchange, { head }: ClientAnswer): boolean {
  return arrival.method === 'POST' && isJsonType(head.header('content-type') ?? '')
}

/** The outermost members that may hold facts, whatever the format. */
function factMembers({ facts: { route } }: Exchange): readonly string[] {
  return ['usage', 'usageMetadata', ...route.gateway.dialect.governance.recordMembers]
}
