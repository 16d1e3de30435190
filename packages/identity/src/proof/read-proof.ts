import { decodeProtectedHeader, type JWK, type JWTPayload } from 'jose'
import { type Arrival, readClaims, Refusal, type RefusalDetails, UnreadableClaims } from '@postern/ports'
import { tokenType } from '@postern/protocol'

/** Signature algorithms of proofs: asymmetric ones, with keys that browsers can make and keep (RFC 9449, 11.6). */
export const proofAlgorithms = ['ES256', 'ES384', 'EdDSA', 'Ed25519', 'RS256', 'PS256']

/** Longest proof that is looked at, in characters; one with an RSA key of 4096 bits has about 1,600. */
const maxProofChars = 4096

/** Members of private keys and shared secrets (RFC 7518, 6). */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** A proof that is not verified, and the public key from its own header. */
export interface WrittenProof {
  readonly text: string
  readonly jwk: JWK
}

/** A 401 `proof_invalid`, with the challenge for `WWW-Authenticate` (RFC 9449, 7.1). */
export function refuseProof(message: string, more: Pick<RefusalDetails, 'help' | 'cause'> = {}): Refusal {
  return new Refusal('proof_invalid', { message, param: 'DPoP', challenge: proofChallenge('invalid_dpop_proof'), ...more })
}

/** The DPoP challenge of `WWW-Authenticate`, with an `error` code of RFC 9449. */
export function proofChallenge(error: string): string {
  return `DPoP realm="postern", error="${error}", algs="${proofAlgorithms.join(' ')}"`
}

/**
 * Reads the proof of a request, without verifying it; `undefined` if there is no `DPoP` header.
 *
 * @throws {Refusal} 401 `proof_invalid` if there are several, or if it does not have the form of a proof.
 */
export function readProof({ headers, rawHeaders }: Arrival): WrittenProof | undefined {
  const text = headers['dpop']
  if (text === undefined) return undefined
  const times = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'dpop').length
  if (times !== 1 || typeof text !== 'string') throw refuseProof('There is more than one DPoP header.')
  if (text.length > maxProofChars) throw refuseProof('The proof is too long.')
  const { typ, alg, jwk } = readHeader(text)
  if (tokenType(typ) !== 'dpop+jwt') throw refuseProof('The proof is not of the type dpop+jwt.')
  if (alg === undefined || !proofAlgorithms.includes(alg)) throw refuseProof(`The proof must be signed with ${proofAlgorithms.join(', ')}.`)
  if (jwk === undefined || privateMembers.some((name) => Object.hasOwn(jwk, name)))
    throw refuseProof('The proof must name its public key, and no other.')
  if (!isUsual(jwk)) throw refuseProof('The RSA key of the proof has an unusual size or form.')
  return { text, jwk }
}

/**
 * Whether an RSA key has 2048 to 4096 bits and an exponent of at most 6 base64url characters. Verifying with a larger one
 * would cost us much more than making the proof costs a client.
 */
function isUsual({ kty, n, e }: Readonly<Record<string, unknown>>): boolean {
  if (kty !== 'RSA') return true
  return typeof n === 'string' && typeof e === 'string' && n.length >= 341 && n.length <= 683 && e.length <= 6
}

interface ProofHeader {
  readonly typ?: unknown
  readonly alg?: string
  readonly jwk?: JWK
}

function readHeader(text: string): ProofHeader {
  try {
    decodeProtectedHeader(text)
    const { typ, alg, jwk } = readPart(text, 0)
    return { typ, ...(typeof alg === 'string' ? { alg } : {}), ...(typeof jwk === 'object' && jwk !== null ? { jwk } : {}) }
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw refuseProof('The proof is no JWT.', { cause: error })
  }
}

/**
 * Reads the claims of a proof whose signature was checked. Refuses what two parsers could read differently.
 *
 * @throws {Refusal} 401 `proof_invalid`.
 */
export function proofClaims({ text }: WrittenProof): JWTPayload {
  return readPart(text, 1)
}

function readPart(text: string, index: 0 | 1): Readonly<Record<string, unknown>> {
  try {
    return readClaims(Buffer.from(text.split('.', 2)[index] ?? '', 'base64url')) as Readonly<Record<string, unknown>>
  } catch (error) {
    if (!(error instanceof UnreadableClaims)) throw error
    throw refuseProof(`What the proof says ${error.message}.`)
  }
}
