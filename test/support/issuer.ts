import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { CompactSign, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { listenAnywhere } from './house.js'

type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey']

/** An identity provider with a real key set over HTTP, as a customer would have one. */
export interface Issuer {
  /** What its tokens say in `iss`. */
  readonly issuer: string
  readonly jwks: string
  /** How often its keys were fetched. */
  readonly fetches: () => number
  /** Signs a token that is good, but for what a test changes; `undefined` takes a claim out. */
  sign(claims?: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>): Promise<string>
  /** Signs bytes as they are, whatever they say. */
  signBytes(payload: Uint8Array): Promise<string>
  /** The public half of the current key, as the key set holds it. */
  publicKey(): JWK
  /** Replaces the key: tokens signed before are good no longer, once the keys are fetched anew. */
  rotate(): Promise<void>
  /** What the key set is answered with from now on; nothing for what it should be. */
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

/** The configuration of callers that takes this issuer's tokens. */
export function jwtCallers({ issuer, jwks }: Issuer, further: object = {}) {
  return { issuer, jwks, audience, algorithms: ['RS256' as const], claims: { team: 'org.id' }, ...further }
}
