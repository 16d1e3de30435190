import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { type House, openHouse } from '../support/house.js'
import { type Issuer, jwtCallers, startIssuer } from '../support/issuer.js'
import { ringEntry } from '../support/secrets.js'

async function codeOf(house: House, credential: string): Promise<readonly [status: number, code: string | undefined]> {
  const answer = await house.chat({ credential })
  const body = (await answer.json()) as { error?: { code: string } }
  return [answer.status, body.error?.code]
}

/** A key set with the right key at its end. */
function manyKeys(issuer: Issuer, count: number): string {
  const others = Array.from({ length: count - 1 }, (_, index) => ({ kty: 'EC', crv: 'P-256', kid: `other ${index}`, x: 'AA', y: 'AA' }))
  return JSON.stringify({ keys: [...others, issuer.publicKey()] })
}

describe('a token of the customer’s identity provider', () => {
  let issuer: Issuer
  beforeAll(async () => {
    issuer = await startIssuer()
  })
  afterAll(() => issuer.stop())

  forEachDoor(
    async () => ({ config: { callers: { jwt: [jwtCallers(issuer)] } } }),
    (house) => {
      test('opens the sidecar to the real openai client, for the user and team that it names', async () => {
        const openai = new OpenAI({ baseURL: house().baseURL, apiKey: await issuer.sign({ jti: 'token-1' }) })
        const answer = await openai.chat.completions.create({ model: house().model, messages: [{ role: 'user', content: 'Hello' }] })
        expect(answer.choices[0]?.message.content).toBe('You said: Hello')
        expect(house().ledger.entries.at(-1)).toMatchObject({ via: 'jwt', caller: 'jwt:token-1', user: 'ada', team: 'acme', key: 'acme' })
      })

      test('goes no further than the sidecar', async () => {
        const token = await issuer.sign()
        await house().chat({ credential: token })
        const seen = house().emulator.seen.at(-1)
        expect(JSON.stringify(seen?.headers)).not.toContain(token)
        expect(JSON.stringify(house().ledger.entries)).not.toContain(token.slice(-40))
      })

      test('of a team without a key is refused, and so is one of no team', async () => {
        expect(await codeOf(house(), await issuer.sign({ org: { id: 'nowhere' } }))).toEqual([403, 'no_key_for_caller'])
        expect(await codeOf(house(), await issuer.sign({ org: undefined }))).toEqual([403, 'no_key_for_caller'])
      })

      test('that has expired is told so, within the skew that is configured', async () => {
        const now = Math.floor(Date.now() / 1000)
        expect(await codeOf(house(), await issuer.sign({ exp: now - 60 }))).toEqual([401, 'caller_expired'])
        expect(await codeOf(house(), await issuer.sign({ exp: now - 10 }))).toEqual([200, undefined])
      })
    },
  )

  test('has its keys fetched once for many calls, and no more often', async () => {
    const own = await startIssuer()
    const house = await openHouse({ config: { callers: { jwt: [jwtCallers(own)] } } })
    try {
      const tokens = await Promise.all(Array.from({ length: 20 }, (_, index) => own.sign({ sub: `user-${index}` })))
      const answers = await Promise.all(tokens.map((credential) => house.chat({ credential })))
      expect(answers.map(({ status }) => status)).toEqual(tokens.map(() => 200))
      expect(own.fetches()).toBe(1)
    } finally {
      await house.close()
      await own.stop()
    }
  })

  test('speaks for no other team than the configuration lets its issuer speak for', async () => {
    const other = await startIssuer()
    const house = await openHouse({ config: { callers: { jwt: [jwtCallers(issuer), jwtCallers(other, { teams: ['globex'] })] } } })
    try {
      expect(await codeOf(house, await other.sign({ org: { id: 'globex' } }))).toEqual([200, undefined])
      expect(await codeOf(house, await other.sign({ org: { id: 'acme' } }))).toEqual([401, 'caller_invalid'])
      expect(await codeOf(house, await other.sign({ org: undefined }))).toEqual([401, 'caller_invalid'])
    } finally {
      await house.close()
      await other.stop()
    }
  })

  test('is not what every credential with two dots in it is', async () => {
    const dotted = 'acme.prod.xyz'
    const house = await openHouse({
      config: { callers: { jwt: [jwtCallers(issuer)], service: { hashes: { env: 'RING' }, principals: { dotted: { team: 'acme' } } } } },
      further: { RING: ringEntry('dotted', dotted) },
    })
    try {
      expect(await codeOf(house, dotted)).toEqual([200, undefined])
    } finally {
      await house.close()
    }
  })

  test('may come from one of several issuers, each with its own keys, algorithm and claims', async () => {
    const other = await startIssuer('ES256')
    const callers = {
      jwt: [
        jwtCallers(issuer),
        jwtCallers(other, {
          algorithms: ['ES256'],
          audience: ['another-audience', 'postern-test'],
          claims: { user: 'user_id', team: ['https://example.com/teams', '1'], project: 'app_metadata.projects' },
        }),
      ],
    }
    const house = await openHouse({ config: { callers } })
    try {
      expect(await codeOf(house, await issuer.sign())).toEqual([200, undefined])
      const token = await other.sign({
        user_id: 4711,
        'https://example.com/teams': ['first', 'globex'],
        app_metadata: { projects: ['labs'] },
      })
      expect(await codeOf(house, token)).toEqual([200, undefined])
      expect(house.ledger.entries.at(-1)).toMatchObject({ user: '4711', team: 'globex', project: 'labs', key: 'globex' })
    } finally {
      await house.close()
      await other.stop()
    }
  })
})

describe('an identity provider that changes or fails', () => {
  let issuer: Issuer
  let house: House
  beforeEach(async () => {
    issuer = await startIssuer()
    house = await openHouse({ config: { callers: { jwt: [jwtCallers(issuer)] } } })
  })
  afterEach(async () => {
    await house.close()
    await issuer.stop().catch(() => {})
  })

  test('is asked for its keys again when a token names one that is not known, and until then nobody is signed out', async () => {
    const first = await issuer.sign()
    expect(await codeOf(house, first)).toEqual([200, undefined])
    await issuer.rotate()
    const second = await issuer.sign()
    const early = await house.chat({ credential: second })
    expect([early.status, early.headers.get('postern-refusal'), early.headers.get('retry-after')]).toEqual([
      503,
      'caller_check_unavailable',
      '5',
    ])
    await expect.poll(async () => (await codeOf(house, second))[0], { timeout: 15_000, interval: 500 }).toBe(200)
    // Verified before the rotation, and remembered for a while; another token of the old key is good no longer.
    expect(await codeOf(house, first)).toEqual([200, undefined])
    expect(issuer.fetches()).toBe(2)
  })

  test('is not asked again and again for keys that there are not', async () => {
    expect(await codeOf(house, await issuer.sign())).toEqual([200, undefined])
    for (let count = 0; count < 20; count += 1) {
      expect(await codeOf(house, await issuer.sign({}, { kid: `unknown-${count}` }))).toEqual([503, 'caller_check_unavailable'])
    }
    expect(issuer.fetches()).toBe(1)
  })

  test.each(['{}', '{"keys":[]}', '{"error":"maintenance"}', '[]', '{"keys":[7]}'])(
    'is left alone for a while after it answered %s',
    async (body) => {
      issuer.answer({ body })
      const tokens = await Promise.all(Array.from({ length: 20 }, (_, index) => issuer.sign({ sub: `user-${index}` })))
      for (const token of tokens) expect(await codeOf(house, token)).toEqual([503, 'caller_check_unavailable'])
      expect(issuer.fetches()).toBeLessThanOrEqual(2)
      issuer.answer()
      await expect.poll(async () => (await codeOf(house, tokens[0] as string))[0], { timeout: 15_000, interval: 300 }).toBe(200)
    },
  )

  test('may have 500 keys', async () => {
    issuer.answer({ body: manyKeys(issuer, 500) })
    expect(await codeOf(house, await issuer.sign())).toEqual([200, undefined])
  })

  test('does not matter to callers whose tokens were verified already', async () => {
    const token = await issuer.sign()
    expect(await codeOf(house, token)).toEqual([200, undefined])
    await issuer.stop()
    expect(await codeOf(house, token)).toEqual([200, undefined])
    expect(await codeOf(house, await issuer.sign({ sub: 'eve' }))).toEqual([200, undefined])
  })
})

// Each has a house of its own, and they wait for the time in which it is left alone.
describe.concurrent('an identity provider', () => {
  test.each<[what: string, break_: (issuer: Issuer) => Promise<void> | void]>([
    ['that is down', (it) => it.stop()],
    ['that answers 500', (it) => it.answer({ status: 500 })],
    ['that answers with a page', (it) => it.answer({ body: '<html></html>' })],
    ['that answers with something else', (it) => it.answer({ body: '{"keys":7}' })],
    ['that answers with a megabyte', (it) => it.answer({ body: JSON.stringify({ keys: [], padding: 'x'.repeat(1_000_000) }) })],
    ['that answers with more than 500 keys', (it) => it.answer({ body: manyKeys(it, 501) })],
    ['that redirects elsewhere', (it) => it.answer({ status: 302, location: 'http://127.0.0.1:1/keys' })],
    ['that never answers', (it) => it.answer({ hang: true })],
  ])(
    '%s lets nobody in with 503, and everybody again once it is well',
    async (_, break_) => {
      const issuer = await startIssuer()
      const house = await openHouse({ config: { callers: { jwt: [jwtCallers(issuer)] } } })
      await break_(issuer)
      const token = await issuer.sign()
      const refused = await house.chat({ credential: token })
      expect([refused.status, refused.headers.get('postern-refusal'), refused.headers.get('x-should-retry')]).toEqual([
        503,
        'caller_check_unavailable',
        null,
      ])
      expect(house.emulator.seen).toHaveLength(0)
      issuer.answer()
      await issuer.start().catch(() => {})
      await vi.waitFor(async () => expect(await codeOf(house, token)).toEqual([200, undefined]), { timeout: 15_000, interval: 300 })
      await house.close()
      await issuer.stop()
    },
    60_000,
  )
})
