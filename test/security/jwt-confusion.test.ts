import { createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { exportJWK, exportSPKI, generateKeyPair, importJWK, type JWK, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type House, openHouse } from '../support/house.js'
import { audience, type Issuer, jwtCallers, startIssuer } from '../support/issuer.js'

let issuer: Issuer
let house: House
beforeAll(async () => {
  issuer = await startIssuer()
  house = await openHouse({
    config: {
      failedAuthentication: { limit: 1000 },
      callers: { session: { secret: { env: 'SESSION' } }, jwt: [jwtCallers(issuer)], service: { hashes: { env: 'RING' } } },
    },
  })
})
afterAll(async () => {
  await house.close()
  await issuer.stop()
})

const now = (): number => Math.floor(Date.now() / 1000)
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const goodClaims = () => ({ iss: issuer.issuer, aud: audience, sub: 'ada', org: { id: 'acme' }, iat: now(), exp: now() + 300 })
const kid = (): string => issuer.publicKey().kid as string

/** Signed with HMAC, under whatever text an attacker can know. */
function hmac(key: string | Buffer, header: object = {}, claims: object = {}): string {
  const signed = `${encode({ alg: 'HS256', typ: 'JWT', kid: kid(), ...header })}.${encode({ ...goodClaims(), ...claims })}`
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`
}

async function attackers(header: Readonly<Record<string, unknown>> = {}, algorithm = 'RS256'): Promise<string> {
  const { privateKey } = await generateKeyPair(algorithm)
  return new SignJWT(goodClaims()).setProtectedHeader({ alg: algorithm, typ: 'JWT', kid: kid(), ...header }).sign(privateKey)
}

/** A good token with something changed after it was signed. */
async function altered(change: (parts: string[]) => string[]): Promise<string> {
  return change((await issuer.sign()).split('.')).join('.')
}

/** One pair for all of them: to make one takes longer on a busy machine than the time in which keys are not fetched again. */
const pair = generateKeyPair('RS256', { extractable: true })
const own = async (): Promise<{ jwk: JWK; sign: (header: object) => Promise<string> }> => {
  const { privateKey, publicKey } = await pair
  const jwk = { ...(await exportJWK(publicKey)), kid: 'mine', alg: 'RS256' }
  return { jwk, sign: (header) => new SignJWT(goodClaims()).setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...header }).sign(privateKey) }
}

/** A key id that is not known, so soon after the keys were fetched, could be a new one: nobody is let in, and nobody is signed out. */
const unknownKey = 'caller_check_unavailable'

const attacks: readonly [attack: string, forge: () => Promise<string> | string, code?: 'caller_expired' | 'caller_check_unavailable'][] = [
  ['alg none', () => new UnsecuredJWT(goodClaims()).encode()],
  ['alg none with a signature', () => `${new UnsecuredJWT(goodClaims()).encode()}AAAA`],
  ['alg None in another case', () => `${encode({ alg: 'None', typ: 'JWT' })}.${encode(goodClaims())}.AAAA`],
  ['no alg at all', () => `${encode({ typ: 'JWT' })}.${encode(goodClaims())}.AAAA`],
  ['HS256 with the public key as PEM', async () => hmac(await exportSPKI((await importJWK(issuer.publicKey(), 'RS256')) as never))],
  ['HS256 with the public key as JWK', () => hmac(JSON.stringify(issuer.publicKey()))],
  ['HS256 with the modulus', () => hmac(Buffer.from(issuer.publicKey().n as string, 'base64url'))],
  ['HS256 with the empty key', () => hmac('')],
  ['HS256 with a guessed secret', () => hmac('secret')],
  ['HS256 with the session secret, as another kind', () => hmac(house.secrets.at(-1) as string)],
  ['an algorithm that is not listed, by a key of the attacker', () => attackers({}, 'ES256')],
  ['PS256 in place of RS256', () => attackers({ alg: 'PS256' }, 'PS256')],
  ['the right algorithm, by a key of the attacker', () => attackers()],
  ['a key of the attacker in the header (jwk)', async () => (({ jwk, sign }) => sign({ jwk }))(await own())],
  ['an address of the attacker’s keys in the header (jku)', async () => (await own()).sign({ jku: issuer.jwks, kid: 'mine' }), unknownKey],
  ['a certificate of the attacker in the header (x5c)', async () => (await own()).sign({ x5c: ['MIIB'], kid: kid() })],
  ['a kid that is a path', async () => (await own()).sign({ kid: '../../../../dev/null' }), unknownKey],
  ['a kid that is a query', async () => (await own()).sign({ kid: "x' UNION SELECT 'secret" }), unknownKey],
  ['a kid that is an address', async () => (await own()).sign({ kid: 'http://127.0.0.1:1/key' }), unknownKey],
  ['a kid that every object has', async () => (await own()).sign({ kid: '__proto__' }), unknownKey],
  ['a kid that is an object', async () => (await own()).sign({ kid: {} })],
  ['a kid that is a number', async () => (await own()).sign({ kid: 7 })],
  ['a kid that is nothing', async () => (await own()).sign({ kid: null })],
  ['another issuer', () => issuer.sign({ iss: 'https://elsewhere.example/' })],
  ['an issuer that only begins alike', () => issuer.sign({ iss: `${issuer.issuer}evil` })],
  ['an issuer without its slash', () => issuer.sign({ iss: issuer.issuer.slice(0, -1) })],
  ['several issuers', () => issuer.sign({ iss: [issuer.issuer] })],
  ['no issuer', () => issuer.sign({ iss: undefined })],
  ['another audience', () => issuer.sign({ aud: 'another-service' })],
  ['several audiences, none of them ours', () => issuer.sign({ aud: ['a', 'b'] })],
  ['no audience', () => issuer.sign({ aud: undefined })],
  ['no expiry', () => issuer.sign({ exp: undefined })],
  ['an expiry that is a text', () => issuer.sign({ exp: '9999999999' })],
  ['an expiry after the last of all dates', () => issuer.sign({ exp: 1e308 })],
  ['an expiry in the year 10000', () => issuer.sign({ exp: 253_402_300_800 })],
  ['an expiry in the past', () => issuer.sign({ exp: now() - 3600 }), 'caller_expired'],
  ['not yet valid', () => issuer.sign({ nbf: now() + 3600 })],
  ['a logout token, of the same issuer and audience', () => issuer.sign({}, { typ: 'logout+jwt' })],
  ['a DPoP proof', () => issuer.sign({}, { typ: 'dpop+jwt' })],
  ['our own session’s kind, signed by the issuer', () => issuer.sign({ aud: 'postern' }, { typ: 'postern-session+jwt' })],
  [
    'a kind that is a number',
    () => altered(([, claims, signature]) => [encode({ alg: 'RS256', kid: kid(), typ: 5 }), claims as string, signature as string]),
  ],
  ['a critical extension that nobody knows', () => issuer.sign({}, { crit: ['exp-at'], 'exp-at': 1 })],
  [
    'an altered claim',
    () => altered(([header, , signature]) => [header as string, encode({ ...goodClaims(), sub: 'root' }), signature as string]),
  ],
  [
    'an altered header',
    () => altered(([, claims, signature]) => [encode({ alg: 'RS256', kid: kid(), typ: 'at+jwt' }), claims as string, signature as string]),
  ],
  [
    'a shortened signature',
    () => altered(([header, claims, signature]) => [header as string, claims as string, (signature as string).slice(0, -8)]),
  ],
  ['no signature', () => altered(([header, claims]) => [header as string, claims as string, ''])],
  [
    'a token that begins like a good one',
    () =>
      altered(([header, claims, signature]) => [
        header as string,
        claims as string,
        `${(signature as string).slice(0, 40)}${'A'.repeat(302)}`,
      ]),
  ],
  ['a fourth part', () => altered((parts) => [...parts, 'AAAA'])],
  ['a user that is an object', () => issuer.sign({ sub: { toString: 'ada' } })],
  ['a user that is empty', () => issuer.sign({ sub: '' })],
  ['no user', () => issuer.sign({ sub: undefined })],
  ['a user with a line break', () => issuer.sign({ sub: 'ada\nteam=globex' })],
  ['a team that is a list of two', () => issuer.sign({ org: { id: ['acme', 'globex'] } })],
  ['a team that is true', () => issuer.sign({ org: { id: true } })],
  [
    'a token of random bytes',
    () => `${randomBytes(60).toString('base64url')}.${randomBytes(60).toString('base64url')}.${randomBytes(60).toString('base64url')}`,
  ],
  ['a token of eight thousand characters', () => issuer.sign({ padding: 'x'.repeat(6000) }).then((token) => `${token}A`)],
]

describe('jwt-confusion', () => {
  test('the token that all of these forge opens the door', async () => {
    expect((await house.chat({ credential: await issuer.sign() })).status).toBe(200)
  })

  test.each(attacks)('%s is refused', async (_, forge, code) => {
    const before = house.emulator.seen.length
    const answer = await house.chat({ credential: await forge() })
    expect([answer.status, answer.headers.get('postern-refusal')]).toEqual([code === unknownKey ? 503 : 401, code ?? 'caller_invalid'])
    expect(house.emulator.seen).toHaveLength(before)
  })

  test('none of it had the keys fetched more than once', () => {
    expect(issuer.fetches()).toBe(1)
  })
})

describe('a header in which a member stands twice, or a key id is no text', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  let writer: Issuer
  let open: House
  beforeAll(async () => {
    writer = await startIssuer()
    writer.answer({ body: JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'RS256', use: 'sig' }] }) })
    open = await openHouse({
      config: {
        failedAuthentication: { limit: 1000 },
        callers: { session: { secret: { env: 'SESSION' } }, jwt: [jwtCallers(writer)], service: { hashes: { env: 'RING' } } },
      },
    })
  })
  afterAll(async () => {
    await open.close()
    await writer.stop()
  })

  const written = (header: string, claims: object): string => `${Buffer.from(header).toString('base64url')}.${encode(claims)}`
  const ofIssuer = (header: string): string => {
    const text = written(header, { ...goodClaims(), iss: writer.issuer })
    return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`
  }
  const ofSession = (header: string): string => {
    const text = written(header, { sub: 'ada', team: 'acme', aud: 'postern', iat: now(), exp: now() + 60 })
    return `${text}.${createHmac('sha256', open.sessionSecret).update(text).digest('base64url')}`
  }
  const outcome = async (credential: string): Promise<readonly unknown[]> => {
    const answer = await open.chat({ credential })
    return [answer.status, answer.headers.get('postern-refusal')]
  }

  test.each([
    '{"alg":"none","alg":"RS256","typ":"JWT","kid":"k"}',
    '{"alg":"RS256","typ":"postern-session+jwt","typ":"JWT","kid":"k"}',
    '{"\\u0061lg":"HS256","alg":"RS256","typ":"JWT","kid":"k"}',
    '{"alg":"RS256","typ":"JWT","kid":"another","kid":"k"}',
    '{"alg":"RS256","typ":"JWT","kid":"k","x":[{"a":1,"a":2}]}',
  ])('lets no token of an issuer in: %s', async (header) => {
    expect(await outcome(ofIssuer('{"alg":"RS256","typ":"JWT","kid":"k"}'))).toEqual([200, null])
    for (let time = 0; time < 2; time += 1) expect(await outcome(ofIssuer(header))).toEqual([401, 'caller_invalid'])
  })

  test.each([
    '{"alg":"none","alg":"HS256","typ":"postern-session+jwt"}',
    '{"alg":"HS256","typ":"JWT","typ":"postern-session+jwt"}',
    '{"alg":"HS256","typ":"postern-session+jwt","x":{"a":1,"\\u0061":2}}',
  ])('lets no session in: %s', async (header) => {
    expect(await outcome(ofSession('{"alg":"HS256","typ":"postern-session+jwt"}'))).toEqual([200, null])
    for (let time = 0; time < 2; time += 1) expect(await outcome(ofSession(header))).toEqual([401, 'caller_invalid'])
  })

  test.each(['7', 'null', '{}', '["k"]', 'true', '1e3'])('lets in no token whose key id is no text, of either kind: %s', async (kid) => {
    expect(await outcome(ofSession('{"alg":"HS256","typ":"postern-session+jwt","kid":"k"}'))).toEqual([200, null])
    for (let time = 0; time < 2; time += 1) {
      expect(await outcome(ofSession(`{"alg":"HS256","typ":"postern-session+jwt","kid":${kid}}`))).toEqual([401, 'caller_invalid'])
      expect(await outcome(ofIssuer(`{"alg":"RS256","typ":"JWT","kid":${kid}}`))).toEqual([401, 'caller_invalid'])
    }
  })
})
