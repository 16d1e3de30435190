import { hash } from 'node:crypto'
import { importJWK, type JWK, type JWTPayload, jwtVerify } from 'jose'
import { LRUCache } from 'lru-cache'
import type { Arrival } from '../../arrival.js'
import type { Principal } from '../../principal.js'
import type { PublicAddress } from '../../public-address.js'
import { Refusal } from '../../refusal.js'
import { reachStore } from '../../store/reach-store.js'
import type { Store } from '../../store/store.js'
import { thumbprintOf } from '../../thumbprint.js'
import type { Credential } from '../credential.js'
import type { Nonces } from './nonces.js'
import { proofAlgorithms, proofChallenge, proofClaims, readProof, refuseProof, type WrittenProof } from './read-proof.js'

/** How far the client's clock may be ahead of ours, in milliseconds. */
const clockToleranceMs = 5000

/** Keys that were read from proofs and fitted a token. About 1 kB each. */
const rememberedKeys = 10_000

/** Longest id of a proof, in characters. */
const longestId = 256

export interface ProofOptions {
  readonly store: Store
  /** How old a proof may be, in milliseconds. */
  readonly windowMs: number
  /** `undefined`: proofs need none. */
  readonly nonces: Nonces | undefined
  readonly publicAddress: PublicAddress
}

/** Checks that whoever presents a token has the key that it is bound to (RFC 9449, 4.3 and 7). */
export interface Proofs {
  /**
   * Whether this credential needs a proof, or claims to come with one.
   *
   * A bound token is never taken as a mere bearer's, and a scheme that promises a proof must keep it.
   */
  concerns(principal: Principal, credential: Credential): boolean
  /** @throws {Refusal} 401 `proof_required` or `proof_invalid`, 503 `store_unavailable`. */
  check(principal: Principal, credential: Credential, arrival: Arrival): Promise<void>
  /**
   * The thumbprint of the key that a request proves to have, without a token: for a session that is to be bound to it.
   *
   * @throws {Refusal} as above; `undefined` where the request brings no proof.
   */
  keyOf(arrival: Arrival): Promise<string | undefined>
}

type Key = Awaited<ReturnType<typeof importJWK>>

export function createProofs({ store, windowMs, nonces, publicAddress }: ProofOptions): Proofs {
  const keys = new LRUCache<string, Key>({ max: rememberedKeys })

  async function keyFor(jkt: string, jwk: JWK, alg: string): Promise<Key> {
    const known = keys.get(`${alg}:${jkt}`)
    if (known !== undefined) return known
    const key = await importJWK(jwk, alg)
    keys.set(`${alg}:${jkt}`, key)
    return key
  }

  async function verify(proof: WrittenProof, jkt: string): Promise<JWTPayload> {
    const { text, jwk } = proof
    try {
      await jwtVerify(text, ({ alg }) => keyFor(jkt, jwk, alg), {
        algorithms: proofAlgorithms,
        typ: 'dpop+jwt',
        clockTolerance: clockToleranceMs / 1000,
        requiredClaims: ['jti', 'iat', 'htm', 'htu'],
      })
    } catch (error) {
      throw refuseProof('The proof is not signed with the key that it names.', { cause: error })
    }
    return proofClaims(proof)
  }

  function checkClaims({ htm, htu, iat, jti, nonce }: JWTPayload, arrival: Arrival): void {
    if (htm !== arrival.method) throw refuseProof('The proof is for another method.')
    const origin = publicAddress.originOf(arrival)
    const url = origin === undefined || !URL.canParse(origin) ? undefined : requestedUrl(origin, arrival.wholePath)
    if (url === undefined) throw refuseProof('The request has no URL that a proof could be for.')
    if (typeof htu !== 'string' || plainUrl(htu) !== url) throw refuseProof(`The proof is for another URL than ${url}.`)
    const age = Date.now() - (iat as number) * 1000
    if (!(age <= windowMs)) throw refuseProof('The proof is too old.')
    if (age < -clockToleranceMs) throw refuseProof('The proof was made in the future: the clock of who made it is wrong.')
    if (typeof jti !== 'string' || jti === '' || jti.length > longestId) throw refuseProof('The proof has no usable id.')
    if (nonces !== undefined && !(typeof nonce === 'string' && nonces.isFresh(nonce))) throw wantNonce(nonces)
  }

  /** Last of all, so that only who has the key fills the store. */
  async function refuseReplay({ jti, iat }: JWTPayload, jkt: string): Promise<void> {
    const isNew = await reachStore(store.remember(`proof:${jkt}:${jti}`, (iat as number) * 1000 + windowMs + clockToleranceMs))
    if (!isNew) throw refuseProof('The proof was used before.')
  }

  return {
    concerns: ({ jkt }, { form }) => jkt !== undefined || form === 'dpop',
    async check({ jkt }, { form, text: token }, arrival) {
      if (jkt === undefined) throw refuseProof('The token is bound to no key.', { help: 'Send it as a Bearer token, without a proof.' })
      const proof = form === 'dpop' ? readProof(arrival) : undefined
      if (proof === undefined) throw wantProof()
      // Before the signature: another key is no business of this token, whatever its proof says.
      if (thumbprintOf(proof.jwk) !== jkt) throw refuseProof('The proof is signed with another key than the token is bound to.')
      const claims = await verify(proof, jkt)
      checkClaims(claims, arrival)
      if (claims['ath'] !== hash('sha256', token, 'base64url')) throw refuseProof('The proof is for another token.')
      await refuseReplay(claims, jkt)
    },
    async keyOf(arrival) {
      const proof = readProof(arrival)
      if (proof === undefined) return undefined
      const jkt = thumbprintOf(proof.jwk)
      if (jkt === undefined) throw refuseProof('The key of the proof cannot be read.')
      const claims = await verify(proof, jkt)
      checkClaims(claims, arrival)
      await refuseReplay(claims, jkt)
      return jkt
    },
  }
}

/** What a URL is written with; readers of URLs take others out, or for others. */
const written = /^https?:\/\/[!-~]+$/i

/**
 * A URL of http without query and fragment, and in one spelling (RFC 9449, 4.3; RFC 3986, 6.2.2 and 6.2.3);
 * `undefined` where the text is none.
 */
function plainUrl(text: string): string | undefined {
  if (!written.test(text) || !URL.canParse(text)) return undefined
  const { origin, pathname, username, password } = new URL(text)
  return username === '' && password === '' ? origin + pathname : undefined
}

/**
 * The URL of a request, where its target is written as it is read. The backend gets the target as it came, so one with
 * dot segments or backslashes is nowhere that a proof could be for: what is at the end of it, the backend decides.
 */
function requestedUrl(origin: string, target: string): string | undefined {
  const url = plainUrl(origin + target)
  return url === new URL(origin).origin + target.replace(/\?.*$/s, '') ? url : undefined
}

function wantProof(): Refusal {
  return new Refusal('proof_required', { challenge: proofChallenge('invalid_token') })
}

function wantNonce(nonces: Nonces): Refusal {
  return new Refusal('proof_invalid', {
    message: 'The proof must carry the nonce of the DPoP-Nonce header.',
    help: 'Make a new proof with it, and send the request again.',
    param: 'DPoP',
    challenge: proofChallenge('use_dpop_nonce'),
    headers: ['DPoP-Nonce', nonces.current()],
  })
}
