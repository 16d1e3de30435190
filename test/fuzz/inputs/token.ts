import { createHash, createHmac, createPrivateKey, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import type { Choices } from '../choices.js'
import { mutate } from './bytes.js'
import { changed } from './json.js'

/** A key pair for ES256, with its public half as a JWK and the thumbprint of RFC 7638. */
export interface SigningKey {
  readonly key: KeyObject
  readonly jwk: Readonly<Record<string, string>>
  readonly thumbprint: string
}

export function makeSigningKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' }) as { x?: string; y?: string }
  const jwk = { crv: 'P-256', kty: 'EC', x, y }
  const key = createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }))
  return { key, jwk, thumbprint: createHash('sha256').update(JSON.stringify(jwk)).digest('base64url') }
}

/** What a token is signed with. */
export type Signer = string | SigningKey

function encode(part: unknown): string {
  return Buffer.from(typeof part === 'string' ? part : (JSON.stringify(part) ?? 'null')).toString('base64url')
}

/** Signs whatever it is given: a text takes HS256, a key ES256. */
export function signToken(header: unknown, claims: unknown, signer: Signer): string {
  const signed = `${encode(header)}.${encode(claims)}`
  const signature =
    typeof signer === 'string'
      ? createHmac('sha256', signer).update(signed).digest('base64url')
      : sign('sha256', Buffer.from(signed), { key: signer.key, dsaEncoding: 'ieee-p1363' }).toString('base64url')
  return `${signed}.${signature}`
}

/** A token with something wrong in it, so that nobody may take it; signed again where the signature is not what is wrong. */
export function brokenToken(choices: Choices, header: Record<string, unknown>, claims: Record<string, unknown>, signer: Signer): string {
  const sound = signToken(header, claims, signer)
  const [first = '', second = '', third = ''] = sound.split('.')
  switch (choices.below(9)) {
    case 0:
      return `${first}.${second}.`
    case 1:
      return `${encode({ ...header, alg: choices.pick(['none', 'None', 'HS384', 'RS256', 'ES256K', '']) })}.${second}.${third}`
    case 2:
      return `${first}.${encode({ ...claims, team: 'joytoken' })}.${third}`
    case 3:
      return signToken(header, claims, typeof signer === 'string' ? `${signer}x` : makeOther())
    case 4:
      return signToken({ ...header, alg: 'none' }, claims, signer)
    case 5:
      return `${first}.${second}`
    case 6:
      return signToken({ ...header, crit: ['x'] }, claims, signer)
    case 7:
      return signToken(header, { ...claims, exp: Math.floor(Date.now() / 1000) - 10_000 }, signer)
    default:
      return signToken({ ...header, typ: choices.pick(['x', '', 7, `${String(header['typ'])}x`]) }, claims, signer)
  }
}

let other: SigningKey | undefined
function makeOther(): SigningKey {
  other ??= makeSigningKey()
  return other
}

/** A token that may be good or not: signed as it should be, over whatever it says. */
export function oddToken(choices: Choices, header: Record<string, unknown>, claims: Record<string, unknown>, signer: Signer): string {
  const token = signToken(
    choices.oneIn(3) ? changed(choices, header) : header,
    choices.oneIn(6) ? mutate(choices, JSON.stringify(claims)) : changed(choices, claims),
    signer,
  )
  return choices.oneIn(6) ? mutate(choices, token) : token
}

/** The claims of a session that is good for a few minutes. */
export function sessionOf(team: string, more: object = {}): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000)
  return { user: 'ada', team, ...more, aud: 'postern', jti: randomUUID(), iat: now, exp: now + 300 }
}

export const sessionHeader = { alg: 'HS256', typ: 'postern-session+jwt' }

/** A proof of possession (RFC 9449) for one request. */
export function proofOf(key: SigningKey, method: string, url: string, token: string, more: object = {}): string {
  return signToken(
    { typ: 'dpop+jwt', alg: 'ES256', jwk: key.jwk },
    {
      jti: randomUUID(),
      htm: method,
      htu: url,
      iat: Math.floor(Date.now() / 1000),
      ath: createHash('sha256').update(token).digest('base64url'),
      ...more,
    },
    key,
  )
}
