import { compileNameList, type SessionRequest, sessionSeconds } from '@postern/protocol'
import { SessionRefusal } from './session-refusal.js'
import type { MintRequest } from './session-minter.js'

/** What a page asks for when it requests a session: bounds and a lifetime. */
export type AskedSession = SessionRequest & { readonly ttl?: number | string }

/**
 * Combines what the application grants (`whoIs`) with what the page asks for. If only one of them sets a bound, that bound holds. If
 * both set it, the session gets the shorter lifetime, the smaller number, and the models and endpoints that the page asks for.
 *
 * @param ttlSeconds The lifetime in seconds that the application grants if `granted.ttl` is `undefined`.
 * @throws {SessionRefusal} `request_malformed` if the page asks for a model or an endpoint that is not granted, or for another
 *   `origin`, `workflow` or `jkt` than the granted one.
 */
export function narrowSession(granted: MintRequest, asked: AskedSession, ttlSeconds: number): MintRequest {
  const longest = sessionSeconds(granted.ttl ?? ttlSeconds)
  return {
    ...granted,
    ttl: asked.ttl === undefined ? longest : Math.min(longest, sessionSeconds(asked.ttl)),
    origin: sameOrRefuse('origin', granted, asked),
    workflow: sameOrRefuse('workflow', granted, asked),
    workflowOfPage: granted.workflow === undefined && asked.workflow !== undefined ? true : granted.workflowOfPage,
    jkt: sameOrRefuse('jkt', granted, asked),
    maxTokens: smaller(granted.maxTokens, asked.maxTokens),
    maxCalls: smaller(granted.maxCalls, asked.maxCalls),
    maxSpend: lessMoney(granted.maxSpend, asked.maxSpend),
    models: subsetOrRefuse('models', granted, asked),
    endpoints: subsetOrRefuse('endpoints', granted, asked),
  }
}

function smaller(granted: number | undefined, asked: number | undefined): number | undefined {
  return granted === undefined || asked === undefined ? (granted ?? asked) : Math.min(granted, asked)
}

/** Amounts of two units cannot be compared. */
function lessMoney(granted: string | undefined, asked: string | undefined): string | undefined {
  if (granted === undefined || asked === undefined) return granted ?? asked
  const [of, by] = [granted, asked].map((amount) => ({ number: Number.parseFloat(amount), unit: amount.replace(/^[\d. ]+/, '') }))
  if (of?.unit !== by?.unit) throw new SessionRefusal('request_malformed', `What is granted is in ${of?.unit}.`, 'max_spend')
  return Number(by?.number) < Number(of?.number) ? asked : granted
}

function sameOrRefuse(name: 'origin' | 'workflow' | 'jkt', { [name]: granted }: MintRequest, { [name]: asked }: AskedSession) {
  if (granted !== undefined && asked !== undefined && granted !== asked)
    throw new SessionRefusal('request_malformed', `The session is bound to another "${name}".`, name)
  return granted ?? asked
}

function subsetOrRefuse(name: 'models' | 'endpoints', { [name]: granted }: MintRequest, { [name]: asked }: AskedSession) {
  if (granted === undefined || asked === undefined) return granted ?? asked
  if (!compileNameList(name, granted).covers(asked))
    throw new SessionRefusal('request_malformed', `"${name}" may name only some of what is granted.`, name)
  return asked
}
