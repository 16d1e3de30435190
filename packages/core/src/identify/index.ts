import { headerNames } from '@postern/protocol'
import type { Arrival } from '../arrival.js'
import { Refusal } from '../refusal.js'
import { actAs } from './act-as.js'
import { checkBoundOrigin } from './bound-origin.js'
import type { FailedAttempts } from './failed-attempts.js'
import type { Principal } from '../principal.js'
import { readCredential, refuseUnknown } from './read-credential.js'
import type { Verifier } from './verifier.js'

/**
 * Says who is calling, by a verified credential and nothing else.
 *
 * @throws {Refusal} 401 `caller_…`, 400 `credential_in_request`, 403 `delegation_not_allowed`, 403
 *   `origin_not_allowed`, 429
 *   `rate_limited` in place of a 401 after too many failures from one address.
 */
export type Identify = (arrival: Arrival) => Principal | Promise<Principal>

export interface IdentifyOptions {
  /** Asked in order; the first that recognises the credential decides. */
  readonly verifiers: readonly Verifier[]
  readonly failedAttempts: FailedAttempts
}

const actAsHeader = headerNames.actAs.toLowerCase()

export function createIdentify({ verifiers, failedAttempts }: IdentifyOptions): Identify {
  async function refuseCounted(arrival: Arrival, credential: string, error: unknown): Promise<never> {
    if (!(error instanceof Refusal) || error.code !== 'caller_invalid') throw error
    const waitSeconds = await failedAttempts.count(arrival.address)
    if (waitSeconds > 0) {
      throw new Refusal('rate_limited', {
        message: 'Too many requests from this address failed to authenticate.',
        retryAfterSeconds: waitSeconds,
      })
    }
    throw refuseUnknown(credential, error)
  }

  function verify(credential: string): Principal | Promise<Principal> {
    const verifier = verifiers.find((candidate) => candidate.recognises(credential))
    if (verifier === undefined) throw new Refusal('caller_invalid')
    return verifier.verify(credential)
  }

  return (arrival) => {
    const credential = readCredential(arrival)
    const forWhom = arrival.headers[actAsHeader] as string | undefined
    const finish = (principal: Principal): Principal => {
      checkBoundOrigin(principal, arrival)
      return forWhom === undefined ? principal : actAs(principal, forWhom)
    }
    try {
      const verified = verify(credential)
      if (!(verified instanceof Promise)) return finish(verified)
      return verified.then(finish).catch((error: unknown) => refuseCounted(arrival, credential, error))
    } catch (error) {
      return refuseCounted(arrival, credential, error)
    }
  }
}
