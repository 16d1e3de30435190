import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { CompactSign, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { listenAnywhere } from './house.js'

type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey']

/** An identity provider with a real key set over HTTP, as customers have one. */
export interface Issuer {
  /** The `iss` of its tokens. */
  readonly issuer: string
  readonly jwks: string
  /** How often its keys were fetched. */
  readonly fetches: () => number
  /** Signs a valid token with the changes of a test; `undefined` removes a claim. */
  sign(claims?: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>): Promise<string>
  /** Signs bytes as they are, also if they are no claims. */
  signBytes(payload: Uint8Array): Promise<string>
  /** The public key of the current pair, as the key set holds it. */
  publicKey(): JWK
  /** Replaces the key: once the keys are fetched again, tokens that were signed before are no longer valid. */
  rotate(): Promise<void>
  /** Sets the answer to requests for the key set from now on; without an argument, the right one. */
  answer(with_?: { readonly status?: number; readonly body?: string; readonly hang?: boolean; readonly location?: string }): void
  stop(): Promise<void>
  start(): Promise<void>
}

export const audience = 'postern-test'

export async function startIssuer(algorithm = 'RS256'): Promise<Issuer> {
  let kid = ''
  let privateKey: PrivateKey
  let publicKey: JWK = { kty: 'RSA' }
  let fetches = 0
  let answer: Parameters<Issuer['answer']>[0]
  const server = createServer((_, response) => {
    fetches += 1
    if (answer?.hang === true) return
    response.writeHead(answer?.status ?? 200, {
      'content-type': 'application/json',
      ...(answer?.location === undefined ? {} : { location: answer.location }),
    })
    response.end(answer?.body ?? JSON.stringify({ keys: [publicKey] }))
  })
  const origin = await listenAnywhere(server)
  const port = Number(new URL(origin).port)

  async function rotate(): Promise<void> {
    const pair = await generateKeyPair(algorithm)
    kid = randomUUID()
    privateKey = pair.privateKey
    publicKey = { ...(await exportJWK(pair.publicKey)), kid, alg: algorithm, use: 'sig' }
  }
  await rotate()

  return {
    issuer: `${origin}/`,
    jwks: `${origin}/jwks.json`,
    fetches: () => fetches,
    sign(claims = {}, header = {}) {
      const now = Math.floor(Date.now() / 1000)
      const payload = { iss: `${origin}/`, aud: audience, sub: 'ada', org: { id: 'acme' }, iat: now, exp: now + 300, ...claims }
      return new SignJWT(payload)
        .setProtectedHeader({ alg: algorithm, kid, typ: 'JWT', ...header })
        .sign(privateKey, { crit: { 'exp-at': true } })
    },
    signBytes: (payload) => new CompactSign(payload).setProtectedHeader({ alg: algorithm, kid, typ: 'JWT' }).sign(privateKey),
    publicKey: () => publicKey,
    rotate,
    answer(with_) {
      answer = with_
    },
    stop() {
      server.closeAllConnections()
      return new Promise((done) => server.close(() => done()))
    },
    start() {
      return new Promise((done) => server.listen(port, '127.0.0.1', () => done()))
    },
  }
}

/** The configuration of callers that accepts this issuer's tokens. */
export function jwtCallers({ issuer, jwks }: Issuer, further: object = {}) {
  return { issuer, jwks, audience, algorithms: ['RS256' as const], claims: { team: 'org.id' }, ...further }
}
