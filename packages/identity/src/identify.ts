import { type Arrival, type Identify, type Principal, type PublicAddress, Refusal } from '@postern/ports'
import { errorCodes, headerNames } from '@postern/protocol'
import { actAs } from './act-as.js'
import { checkBoundOrigin } from './bound-origin.js'
import type { Credential } from './credential.js'
import type { FailedAttempts } from './failed-attempts.js'
import type { Proofs } from './proof/proof.js'
import { type ReadCredential, readCredential, refuseUnknown } from './read-credential.js'
import { refuseUnrecognised } from './refuse-credential.js'
import { isFromAuthorization, type Verifier } from './verifier.js'

export interface IdentifyOptions {
  /** Asked in order; the first that recognises the credential decides. */
  readonly verifiers: readonly Verifier[]
  readonly proofs: Proofs
  readonly failedAttempts: FailedAttempts
  readonly publicAddress: PublicAddress
  /** How to read the credential. Default: {@link readCredential}, which refuses requests that carry an API key. */
  readonly read?: ReadCredential
}

const actAsHeader = headerNames.actAs.toLowerCase()

export function createIdentify({ verifiers, proofs, failedAttempts, publicAddress, read = readCredential }: IdentifyOptions): Identify {
  /** Throws the refusal of a credential, and says in it for the ledger which kind of credential it was taken for. */
  async function refuse(arrival: Arrival, credential: Credential, error: unknown): Promise<never> {
    const refused = await count(arrival, credential, error)
    if (!(refused instanceof Refusal)) throw refused
    throw new Refusal(refused.code, { ...refused.details, via: verifierOf(credential)?.via })
  }

  /** Counts a wrong credential. Returns the error, with a better help, or `rate_limited` in place of it. */
  async function count(arrival: Arrival, credential: Credential, error: unknown): Promise<unknown> {
    if (!(error instanceof Refusal) || error.code !== 'caller_invalid') return error
    const waitSeconds = await failedAttempts.count(publicAddress.clientOf(arrival))
    if (waitSeconds > 0) {
      return new Refusal('rate_limited', {
        message: 'Too many requests from this address failed to authenticate.',
        retryAfterSeconds: waitSeconds,
      })
    }
    return refuseUnknown(credential, hasUsableCookie(credential, arrival) ? besideCookie(error) : error)
  }

  /** Whether a verifier would have taken the request's cookies if the request had no `Authorization`. */
  function hasUsableCookie(credential: Credential, { headers: { cookie } }: Arrival): boolean {
    if (!isFromAuthorization(credential) || cookie === undefined || cookie === '') return false
    const alone: Credential = { form: 'cookie', text: cookie }
    return verifierOf(alone)?.acceptsCookies === true
  }

  function verifierOf(credential: Credential): Verifier | undefined {
    return verifiers.find((verifier) => verifier.recognises(credential))
  }

  function verify(credential: Credential, arrival: Arrival): Principal | Promise<Principal> {
    const verifier = verifierOf(credential)
    if (verifier === undefined) throw refuseUnrecognised(credential)
    return verifier.verify(credential, arrival)
  }

  /** The checks after verification, the same for every kind of credential: bound origin, `Postern-Act-As`, proof. */
  function finish(principal: Principal, credential: Credential, arrival: Arrival): Principal | Promise<Principal> {
    checkBoundOrigin(principal, arrival, publicAddress)
    const forWhom = arrival.headers[actAsHeader] as string | undefined
    const acting = forWhom === undefined ? principal : actAs(principal, forWhom)
    if (!proofs.needsProof(principal, credential)) return acting
    return proofs.check(principal, credential, arrival).then(() => acting)
  }

  return (arrival) => {
    const credential = read(arrival)
    try {
      const verified = verify(credential, arrival)
      if (!(verified instanceof Promise)) return finish(verified, credential, arrival)
      return verified
        .then((principal) => finish(principal, credential, arrival))
        .catch((error: unknown) => refuse(arrival, credential, error))
    } catch (error) {
      return refuse(arrival, credential, error)
    }
  }
}

/** Adds a help about the cookie: SDKs always send `Authorization`, even without a real key, and then cookies do not count. */
function besideCookie({ code, message, details }: Refusal): Refusal {
  const help = `${details.help ?? errorCodes[code].help} The request has a cookie too, which does not count beside Authorization: leave that header out to be known by the cookie.`
  return new Refusal(code, { ...details, message, help })
}
