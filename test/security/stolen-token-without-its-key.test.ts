import { randomUUID } from 'node:crypto'
import { createMemoryStore, type Store } from '@postern/ports'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { type House, openHouse } from '../support/house.js'
import { createProver, type Prover } from '../support/prover.js'

/** What is sent in place of a good request; each part defaults to what is good. */
interface Misuse {
  readonly authorization?: string
  readonly proof?: string | null
}

describe('stolen-token-without-its-key', () => {
  forEachDoor({}, (house) => {
    let holder: Prover
    let thief: Prover
    beforeAll(async () => {
      holder = await createProver()
      thief = await createProver()
    })
    const url = (): string => `${house().baseURL}/chat/completions`
    const mint = async (jkt?: string): Promise<string> =>
      (await house().minter.mint({ user: 'ada', team: 'acme', ...(jkt === undefined ? {} : { jkt }) })).token
    const send = async (token: string, { authorization, proof }: Misuse): Promise<readonly [number, string | undefined]> => {
      const answer = await house().chat({
        credential: null,
        headers: { authorization: authorization ?? `DPoP ${token}`, ...(proof === null || proof === undefined ? {} : { dpop: proof }) },
      })
      const { error } = (await answer.json()) as { error?: { code: string } }
      if (answer.status === 401) {
        expect(answer.headers.get('www-authenticate')).toMatch(/^DPoP realm="postern", error="[a-z_]+", algs="ES256 /)
        expect(answer.headers.get('x-should-retry')).toBe('false')
      }
      return [answer.status, error?.code]
    }

    test('whoever has the key is let in, with every algorithm that browsers have, again and again', async () => {
      for (const algorithm of ['ES256', 'ES384', 'EdDSA', 'RS256', 'PS256']) {
        const prover = await createProver(algorithm)
        const token = await mint(prover.jkt)
        for (let time = 0; time < 3; time += 1)
          expect(await send(token, { proof: await prover.prove('POST', url(), token) })).toEqual([200, undefined])
      }
    })

    test('a proof that writes its type as a media type, in letters of any case, is the same proof', async () => {
      const token = await mint(holder.jkt)
      for (const typ of ['application/dpop+jwt', 'DPoP+JWT', 'Application/DPOP+jwt'])
        expect([typ, ...(await send(token, { proof: await holder.prove('POST', url(), token, { header: { typ } }) }))]).toEqual([
          typ,
          200,
          undefined,
        ])
    })

    test('a URL in another spelling is the same URL', async () => {
      const token = await mint(holder.jkt)
      const spelled = `${url().replace('http://', 'HTTP://')}?cache=no#top`
      expect(await send(token, { proof: await holder.prove('POST', spelled, token) })).toEqual([200, undefined])
    })

    test.each<[what: string, make: (token: string) => Promise<Misuse>, code: string]>([
      ['a copied token without a proof', async () => ({ proof: null }), 'proof_required'],
      ['a copied token as a mere bearer’s', async (token) => ({ authorization: `Bearer ${token}`, proof: null }), 'proof_required'],
      [
        'a bound token as a bearer’s, beside a good proof',
        async (token) => ({ authorization: `Bearer ${token}`, proof: await holder.prove('POST', url(), token) }),
        'proof_required',
      ],
      ['a proof with another key', async (token) => ({ proof: await thief.prove('POST', url(), token) }), 'proof_invalid'],
      [
        'a proof that names the right key and is signed with another',
        async (token) => ({ proof: await thief.prove('POST', url(), token, { header: { jwk: holder.jwk } }) }),
        'proof_invalid',
      ],
      ['a proof for another method', async (token) => ({ proof: await holder.prove('GET', url(), token) }), 'proof_invalid'],
      [
        'a proof for another path',
        async (token) => ({ proof: await holder.prove('POST', `${house().baseURL}/models`, token) }),
        'proof_invalid',
      ],
      [
        'a proof for another host',
        async (token) => ({ proof: await holder.prove('POST', 'https://evil.example/ai/v1/chat/completions', token) }),
        'proof_invalid',
      ],
      [
        'a proof for another scheme',
        async (token) => ({ proof: await holder.prove('POST', url().replace('http:', 'https:'), token) }),
        'proof_invalid',
      ],
      [
        'a proof for another port',
        async (token) => ({ proof: await holder.prove('POST', url().replace(/:\d+\//, ':1/'), token) }),
        'proof_invalid',
      ],
      ['a proof for no URL', async (token) => ({ proof: await holder.prove('POST', 'chat/completions', token) }), 'proof_invalid'],
      [
        'an old proof',
        async (token) => ({ proof: await holder.prove('POST', url(), token, { claims: { iat: Math.floor(Date.now() / 1000) - 62 } }) }),
        'proof_invalid',
      ],
      [
        'a proof of the future',
        async (token) => ({ proof: await holder.prove('POST', url(), token, { claims: { iat: Math.floor(Date.now() / 1000) + 30 } }) }),
        'proof_invalid',
      ],
      [
        'a proof without a time',
        async (token) => ({ proof: await holder.prove('POST', url(), token, { claims: { iat: undefined } }) }),
        'proof_invalid',
      ],
      [
        'a proof without an id',
        async (token) => ({ proof: await holder.prove('POST', url(), token, { claims: { jti: undefined } }) }),
        'proof_invalid',
      ],
      [
        'a proof with an endless id',
        async (token) => ({ proof: await holder.prove('POST', url(), token, { claims: { jti: 'x'.repeat(300) } }) }),
        'proof_invalid',
      ],
      ...[
        { kty: 'RSA', n: null, e: null },
        { kty: 'RSA', n: 'A'.repeat(342), e: null },
        { kty: 'RSA', n: ['A'.repeat(342)], e: 'AQAB' },
        { kty: 'EC', crv: 'P-256', x: null, y: null },
        { kty: 'EC', crv: 'P-256', x: 7, y: 'AA' },
        { kty: 'EC', crv: null, x: 'AA', y: 'AA' },
        { kty: null },
        { kty: 'OKP', crv: 'Ed25519', x: [] },
      ].map((jwk): [string, (token: string) => Promise<Misuse>, string] => [
        `a proof with the key ${JSON.stringify(jwk).slice(0, 60)}`,
        async (token) => ({ proof: await holder.prove('POST', url(), token, { header: { jwk } }) }),
        'proof_invalid',
      ]),
      ['a proof for another token', async () => ({ proof: await holder.prove('POST', url(), await mint(holder.jkt)) }), 'proof_invalid'],
      ['a proof for no token', async () => ({ proof: await holder.prove('POST', url()) }), 'proof_invalid'],
      [
        'a proof of another type',
        async (token) => ({ proof: await holder.prove('POST', url(), token, { header: { typ: 'JWT' } }) }),
        'proof_invalid',
      ],
      [
        'a proof of a media type that only ends alike',
        async (token) => ({ proof: await holder.prove('POST', url(), token, { header: { typ: 'text/dpop+jwt' } }) }),
        'proof_invalid',
      ],
      [
        'a proof without its key',
        async (token) => ({ proof: await holder.prove('POST', url(), token, { header: { jwk: undefined } }) }),
        'proof_invalid',
      ],
      [
        'a proof that brings a private key along',
        async (token) => ({ proof: await holder.prove('POST', url(), token, { header: { jwk: { ...holder.jwk, d: 'AAAA' } } }) }),
        'proof_invalid',
      ],
      [
        'a proof that a shared secret signs',
        async (token) => ({
          proof: await new SignJWT({ jti: randomUUID(), htm: 'POST', htu: url() })
            .setProtectedHeader({ typ: 'dpop+jwt', alg: 'HS256', jwk: { kty: 'oct' } })
            .setIssuedAt()
            .sign(Buffer.from(token)),
        }),
        'proof_invalid',
      ],
      [
        'a proof that nobody signs',
        async (token) => {
          const [, payload] = (await holder.prove('POST', url(), token)).split('.')
          const header = Buffer.from(JSON.stringify({ typ: 'dpop+jwt', alg: 'none', jwk: holder.jwk })).toString('base64url')
          return { proof: `${header}.${payload}.` }
        },
        'proof_invalid',
      ],
      [
        'a proof that was changed after it was signed',
        async (token) => {
          const [header, , signature] = (await holder.prove('POST', url(), token)).split('.')
          const [, payload] = (await thief.prove('POST', url(), token)).split('.')
          return { proof: `${header}.${payload}.${signature}` }
        },
        'proof_invalid',
      ],
      [
        'two proofs',
        async (token) => ({ proof: `${await holder.prove('POST', url(), token)}, ${await holder.prove('POST', url(), token)}` }),
        'proof_invalid',
      ],
      ['something that is no proof', async () => ({ proof: 'trust me' }), 'proof_invalid'],
      ['an endless proof', async () => ({ proof: 'a'.repeat(5000) }), 'proof_invalid'],
    ])('%s is refused', async (_, make, code) => {
      const token = await mint(holder.jkt)
      const before = house().emulator.seen.length
      expect(await send(token, await make(token))).toEqual([401, code])
      expect(house().emulator.seen.length).toBe(before)
    })

    test.each<[what: string, say: (header: string, claims: string) => readonly [header: string, claims: string]]>([
      ['its id', (header, claims) => [header, `{"jti":"another",${claims.slice(1)}`]],
      ['its id, behind the good one', (header, claims) => [header, `${claims.slice(0, -1)},"jti":"another"}`]],
      ['its id, escaped', (header, claims) => [header, `{"\\u006ati":"another",${claims.slice(1)}`]],
      ['its method', (header, claims) => [header, `{"htm":"GET",${claims.slice(1)}`]],
      ['its URL', (header, claims) => [header, `{"htu":"https://other.example/",${claims.slice(1)}`]],
      ['its time', (header, claims) => [header, `{"iat":1,${claims.slice(1)}`]],
      ['a claim that nobody reads', (header, claims) => [header, `{"x":1,"x":{"y":1},${claims.slice(1)}`]],
      ['a member of a member', (header, claims) => [header, `{"x":{"y":1,"y":2},${claims.slice(1)}`]],
      ['its type', (header, claims) => [`{"typ":"JWT",${header.slice(1)}`, claims]],
      ['its key', (header, claims) => [`{"jwk":{},${header.slice(1)}`, claims]],
      ['a member of its key', (header, claims) => [header.replace('"kty"', '"kty":"RSA","kty"'), claims]],
    ])('a proof that says %s twice is refused, though it is signed with the right key', async (_, say) => {
      const token = await mint(holder.jkt)
      const proof = await holder.prove('POST', url(), token, { say })
      expect(await send(token, { proof })).toEqual([401, 'proof_invalid'])
    })

    test('a copied proof is refused, also beside the token that it is for', async () => {
      const token = await mint(holder.jkt)
      const proof = await holder.prove('POST', url(), token)
      expect(await send(token, { proof })).toEqual([200, undefined])
      expect(await send(token, { proof })).toEqual([401, 'proof_invalid'])
    })

    test('of a proof that is sent a hundred times at once, one call is let in', async () => {
      const token = await mint(holder.jkt)
      const proof = await holder.prove('POST', url(), token)
      const answers = await Promise.all(Array.from({ length: 100 }, () => send(token, { proof })))
      expect(answers.filter(([status]) => status === 200)).toHaveLength(1)
    })

    test('a token that is bound to no key cannot pretend to be', async () => {
      const token = await mint()
      expect(await send(token, { proof: await holder.prove('POST', url(), token) })).toEqual([401, 'proof_invalid'])
    })

    test('a token that is bound in another way is refused', async () => {
      const secret = Buffer.from(house().secrets.at(-1) as string)
      for (const cnf of [{ 'x5t#S256': 'A'.repeat(43) }, { jkt: holder.jkt, 'x5t#S256': 'A'.repeat(43) }, { jkt: 7 }, {}, 'jkt', null]) {
        const now = Math.floor(Date.now() / 1000)
        const token = await new SignJWT({ sub: 'ada', team: 'acme', cnf: cnf as { jkt: string }, iat: now, exp: now + 60, aud: 'postern' })
          .setProtectedHeader({ alg: 'HS256', typ: 'postern-session+jwt' })
          .sign(secret)
        const answer = await house().chat({ credential: token })
        expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([401, 'caller_invalid'])
      }
    })
  })

  describe('behind two replicas of one store', () => {
    let store: Store
    let replicas: readonly [House, House]
    beforeAll(async () => {
      store = createMemoryStore()
      const first = await openHouse({ store, config: { listen: { trustedProxies: ['127.0.0.1'] } } })
      replicas = [
        first,
        await openHouse({
          store,
          keys: first.keys,
          sessionSecret: first.sessionSecret,
          config: { listen: { trustedProxies: ['127.0.0.1'] } },
        }),
      ]
    })
    afterAll(() => Promise.all(replicas.map((replica) => replica.close())))

    const behindProxy = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'app.example.com' }
    const seen = 'https://app.example.com/ai/v1/chat/completions'

    test('the URL that counts is the one that the browser saw, as a trusted proxy says', async () => {
      const [house] = replicas
      const prover = await createProver()
      const { token } = await house.minter.mint({ team: 'acme', jkt: prover.jkt })
      const send = async (url: string): Promise<number> => {
        const dpop = await prover.prove('POST', url, token)
        return (await house.chat({ credential: null, headers: { authorization: `DPoP ${token}`, dpop, ...behindProxy } })).status
      }
      expect(await send(seen)).toBe(200)
      expect(await send(`${house.baseURL}/chat/completions`)).toBe(401)
    })

    test('a proof that one has seen is refused by the other', async () => {
      const [one, other] = replicas
      const prover = await createProver()
      const { token } = await one.minter.mint({ team: 'acme', jkt: prover.jkt })
      const headers = { authorization: `DPoP ${token}`, dpop: await prover.prove('POST', seen, token), ...behindProxy }
      expect((await one.chat({ credential: null, headers })).status).toBe(200)
      expect((await other.chat({ credential: null, headers })).status).toBe(401)
    })
  })

  describe('where proofs need a nonce', () => {
    let house: House
    beforeAll(async () => {
      house = await openHouse({ callers: { dpop: { nonce: true } } })
    })
    afterAll(() => house.close())

    test('one without it is told the nonce, one with it is let in, one with an invented one is not', async () => {
      const prover = await createProver()
      const { token } = await house.minter.mint({ team: 'acme', jkt: prover.jkt })
      const send = async (claims: Record<string, unknown>): Promise<Response> => {
        const dpop = await prover.prove('POST', `${house.baseURL}/chat/completions`, token, { claims })
        return house.chat({ credential: null, headers: { authorization: `DPoP ${token}`, dpop } })
      }
      const refused = await send({})
      expect(refused.status).toBe(401)
      expect(refused.headers.get('www-authenticate')).toContain('error="use_dpop_nonce"')
      expect(refused.headers.get('access-control-expose-headers')).toContain('DPoP-Nonce')
      expect((await send({ nonce: refused.headers.get('dpop-nonce') })).status).toBe(200)
      expect((await send({ nonce: 'invented' })).status).toBe(401)
    })
  })
})
