import { hash } from 'node:crypto'
import { importJWK, type JWK, type JWTPayload, jwtVerify } from 'jose'
import { LRUCache } from 'lru-cache'
import {
  type Arrival,
  type EntryOwner,
  entryOwnerOf,
  type Principal,
  type PublicAddress,
  reachStore,
  Refusal,
  type Seen,
} from '@postern/ports'
import { thumbprintOf } from '../thumbprint.js'
import type { Credential } from '../credential.js'
import type { Nonces } from './nonces.js'
import { proofAlgorithms, proofChallenge, proofClaims, readProof, refuseProof, type WrittenProof } from './read-proof.js'

/** How far the client's clock may be ahead of ours, in milliseconds. */
const clockToleranceMs = 5000

/** The most imported proof keys in the cache. About 1 kB each. */
const rememberedKeys = 10_000

/** Longest id of a proof, in characters. */
const maxIdChars = 256

export interface ProofOptions {
  /** The proofs that were used. */
  readonly seen: Seen
  /** How old a proof may be, in milliseconds. */
  readonly windowMs: number
  /** Which proofs are forgotten; shared with the runtimes before. */
  readonly forgotten: ForgottenProofs
  /** `undefined`: proofs need no nonce. */
  readonly nonces: Nonces | undefined
  readonly publicAddress: PublicAddress
}

/** Checks DPoP proofs: that the client has the key that its token is bound to (RFC 9449, 4.3 and 7). */
export interface Proofs {
  /**
   * Whether a request needs a proof: its token is bound to a key (`jkt`), or its scheme is `DPoP`. So a bound token is never
   * accepted as a plain Bearer token.
   */
  needsProof(principal: Principal, credential: Credential): boolean
  /** @throws {Refusal} 401 `proof_required` or `proof_invalid`, 503 `store_unavailable`. */
  check(principal: Principal, credential: Credential, arrival: Arrival): Promise<void>
  /**
   * Checks the proof of a request without a token, for a session that is to be bound to the proof's key.
   *
   * @param principal Who asks for the session.
   * @returns The thumbprint of that key; `undefined` if the request has no proof.
   * @throws {Refusal} 401 `proof_invalid`, 503 `store_unavailable`.
   */
  keyOf(principal: Principal, arrival: Arrival): Promise<string | undefined>
}

type Key = Awaited<ReturnType<typeof importJWK>>

/**
 * Since when used proofs are remembered, in milliseconds since the epoch, by when the proofs were made. A proof is remembered for
 * the window that is configured; where the window becomes longer, one that was made before may have been used and forgotten.
 */
export class ForgottenProofs {
  #windowMs: number | undefined
  #madeBefore = -Infinity

  /** Call when the window changes. */
  setWindow(windowMs: number): void {
    const before = this.#windowMs
    if (before !== undefined && windowMs > before) this.#madeBefore = Math.max(this.#madeBefore, Date.now() - before - clockToleranceMs)
    this.#windowMs = windowMs
  }

  /** @param madeAt In milliseconds since the epoch. */
  mayHave(madeAt: number): boolean {
    return madeAt < this.#madeBefore
  }
}

export function createProofs({ seen, windowMs, forgotten, nonces, publicAddress }: ProofOptions): Proofs {
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
    if (!(age <= windowMs) || forgotten.mayHave((iat as number) * 1000)) throw refuseProof('The proof is too old.')
    if (age < -clockToleranceMs) throw refuseProof('The proof was made in the future: the clock of who made it is wrong.')
    if (typeof jti !== 'string' || jti === '' || jti.length > maxIdChars) throw refuseProof('The proof has no usable id.')
    if (nonces !== undefined && !(typeof nonce === 'string' && nonces.isFresh(nonce))) throw wantNonce(nonces)
  }

  /** Must be the last check: only a valid proof may write to the store. */
  async function refuseReplay({ jti, iat }: JWTPayload, jkt: string, owner: EntryOwner): Promise<void> {
    const isNew = await reachStore(seen.add(`proof:${jkt}:${jti}`, (iat as number) * 1000 + windowMs + clockToleranceMs, owner))
    if (!isNew) throw refuseProof('The proof was used before.')
  }

  return {
    needsProof: ({ jkt }, { form }) => jkt !== undefined || form === 'dpop',
    async check(principal, { form, text: token }, arrival) {
      const { jkt } = principal
      if (jkt === undefined) throw refuseProof('The token is bound to no key.', { help: 'Send it as a Bearer token, without a proof.' })
      const proof = form === 'dpop' ? readProof(arrival) : undefined
      if (proof === undefined) throw wantProof()
      // Compare the keys before the signature is checked: a proof with another key is refused without that cost.
      if (thumbprintOf(proof.jwk) !== jkt) throw refuseProof('The proof is signed with another key than the token is bound to.')
      const claims = await verify(proof, jkt)
      checkClaims(claims, arrival)
      if (claims['ath'] !== hash('sha256', token, 'base64url')) throw refuseProof('The proof is for another token.')
      await refuseReplay(claims, jkt, entryOwnerOf(principal))
    },
    async keyOf(principal, arrival) {
      const proof = readProof(arrival)
      if (proof === undefined) return undefined
      const jkt = thumbprintOf(proof.jwk)
      if (jkt === undefined) throw refuseProof('The key of the proof cannot be read.')
      const claims = await verify(proof, jkt)
      checkClaims(claims, arrival)
      await refuseReplay(claims, jkt, entryOwnerOf(principal))
      return jkt
    },
  }
}

/** Visible ASCII only: URL parsers remove or replace other characters. */
const written = /^https?:\/\/[!-~]+$/i

/**
 * An http or https URL without query and fragment, normalised (RFC 9449, 4.3; RFC 3986, 6.2.2 and 6.2.3); `undefined` if
 * the text is not such a URL.
 */
function plainUrl(text: string): string | undefined {
  if (!written.test(text) || !URL.canParse(text)) return undefined
  const { origin, pathname, username, password } = new URL(text)
  return username === '' && password === '' ? origin + pathname : undefined
}

/**
 * The URL that a proof must name for a request. `undefined` if normalising changes the target, as with dot segments or
 * backslashes: the next server gets the target as it came and may read it as another path than the proof names.
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
