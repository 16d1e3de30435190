import { askedCase } from './asked-case.js'
import { deliver } from './deliver.js'
import type { EmulatedCall } from './emulated-call.js'
import type { GatewayBehaviour } from './gateway-behaviour.js'
import { playTransportCase } from './play-transport-case.js'
import type { Question } from './question.js'
import { piecesOf, replyTo } from './reply.js'
import { isTransportCase } from './transport-case.js'

/** The name of the case in which any gateway refuses as if the key had been revoked. */
export const REJECTED_KEY = 'gateway_key_rejected'

/**
 * Refuses if the request asks for an error case. Returns whether it has answered. Call it after the credentials are
 * checked.
 */
export function refuseAsAsked(exchange: EmulatedCall, behaviour: GatewayBehaviour): boolean {
  const asked = askedCase(exchange)
  if (asked === undefined) return false
  const name = asked === REJECTED_KEY ? behaviour.refusedStates.revoked : asked
  const refusal = Object.hasOwn(behaviour.refusals, name) ? behaviour.refusals[name] : undefined
  if (refusal !== undefined) {
    exchange.refuse(refusal)
    return true
  }
  if (isTransportCase(asked) || Object.hasOwn(behaviour.variants, asked)) return false
  const message = `The emulator knows no case "${asked}" for this gateway.`
  exchange.sendJson(501, { error: { message, type: 'unknown_case' }, detail: message })
  return true
}

/** Answers a request that passed every check; if it asks for a case, as that case prescribes. */
export async function answerQuestion(exchange: EmulatedCall, behaviour: GatewayBehaviour, question: Question): Promise<void> {
  const asked = askedCase(exchange)
  if (asked !== undefined && isTransportCase(asked)) return playTransportCase(asked, exchange, behaviour, question)
  await deliver(exchange, question.answer(piecesOf(replyTo(question.prompt)), asked))
}
