import { setTimeout as sleep } from 'node:timers/promises'
import { openStore } from '@postern/stores'
import { describe, expect, test, vi } from 'vitest'
import { startCookieBackend } from '../support/cookie-backend.js'
import { type House, openHouse } from '../support/house.js'
import { jwtCallers, startIssuer } from '../support/issuer.js'
import { findProgram } from '../support/programs.js'
import { createProver } from '../support/prover.js'
import { prepareRedis, type RedisServer } from '../support/redis-server.js'

/** What a caller sends with its next call. */
type Headers = Readonly<Record<string, string>>

interface Loaded {
  readonly before: Tally
  readonly during: Tally
  readonly after: Tally
}

/** How many calls ended how. */
type Tally = Readonly<Record<string, number>>

const callers = 8
/** Longer than a row takes on a machine that does much else, in milliseconds. */
const patientMs = 90_000
/** How long a caller rests between two calls, in milliseconds: without a rest, the calls of a second take a core for a second. */
const restMs = 50

/** Calls all the time, stops something in the middle, and starts it again. */
async function load(
  house: House,
  headersOf: () => Promise<Headers>,
  stop: () => unknown,
  start: () => unknown,
  duringMs = 600,
): Promise<Loaded> {
  const tallies: Record<keyof Loaded, Record<string, number>> = { before: {}, during: {}, after: {} }
  let phase: keyof Loaded | 'between' | 'over' = 'between'
  const phaseNow = (): typeof phase => phase
  /** How many calls in a row, of those that ended last, are answered. */
  let answered = 0
  const work = async (): Promise<void> => {
    for (let begun = phaseNow(); begun !== 'over'; begun = phaseNow()) {
      const answer = await house.chat({ credential: null, headers: await headersOf() })
      const ended = answer.status === 200 ? '200' : `${answer.status} ${answer.headers.get('postern-refusal')}`
      await answer.arrayBuffer()
      answered = ended === '200' ? answered + 1 : 0
      // A call that was under way while things changed may end either way.
      if (begun === phaseNow() && begun !== 'between') tallies[begun][ended] = (tallies[begun][ended] ?? 0) + 1
      await sleep(restMs)
    }
  }
  const working = Promise.all(Array.from({ length: callers }, work))
  const next = async (then: typeof phase, change: () => unknown, settleMs: number): Promise<void> => {
    phase = 'between'
    await change()
    await sleep(settleMs)
    phase = then
  }
  const within = { timeout: 20_000, interval: 20 }
  /** However slow the machine is, a phase has calls that began and ended in it. */
  const hasCalls = (of: keyof Loaded) => vi.waitFor(() => expect(Object.keys(tallies[of]).length).toBeGreaterThan(0), within)
  const areAnswered = async (): Promise<void> => {
    answered = 0
    await vi.waitFor(() => expect(answered).toBeGreaterThanOrEqual(callers), within)
  }
  await areAnswered()
  phase = 'before'
  await sleep(300)
  await hasCalls('before')
  await next('during', stop, 800)
  await sleep(duringMs)
  await hasCalls('during')
  await next(
    'after',
    async () => {
      await start()
      await sleep(1500)
      await areAnswered()
    },
    0,
  )
  await sleep(400)
  await hasCalls('after')
  phase = 'over'
  await working
  return tallies
}

function expectOutage({ before, during, after }: Loaded, code: string, house: House): void {
  expect(Object.keys(before)).toEqual(['200'])
  expect(Object.keys(during)).toEqual([`503 ${code}`])
  expect(Object.keys(after)).toEqual(['200'])
  for (const entry of house.ledger.entries) expect([200, 503]).toContain(entry.status)
  expect(house.emulator.seen.length).toBe(house.ledger.entries.filter(({ status }) => status === 200).length)
}

// Each has what it stops, and a house, to itself, and they wait most of the time.
describe.concurrent('what is stopped under load lets nobody in, and is used again without a restart', () => {
  test('an issuer whose keys must be fetched', { timeout: patientMs }, async () => {
    const issuer = await startIssuer()
    const house = await openHouse({ callers: { jwt: [jwtCallers(issuer)] } })
    const known = await issuer.sign()
    expect((await house.chat({ credential: known })).status).toBe(200)
    const loaded = await load(
      house,
      async () => ({ authorization: `Bearer ${await issuer.sign()}` }),
      async () => {
        await issuer.stop()
        // Tokens of a key that is known go on being good; these are of a newer one.
        await issuer.rotate()
        expect((await house.chat({ credential: known })).status).toBe(200)
      },
      () => issuer.start(),
      // An unknown key is asked for again after the cool-down that docs/identity.md states.
      4000,
    )
    expectOutage(loaded, 'caller_check_unavailable', house)
    await house.close()
    await issuer.stop()
  })

  test('the backend that knows whose a cookie is', { timeout: patientMs }, async () => {
    const backend = await startCookieBackend()
    const house = await openHouse({ callers: { forwardAuth: { url: backend.url, cache: '50ms', timeout: '10s' } } })
    const cookie = backend.signIn('ada', 'acme')
    const loaded = await load(
      house,
      async () => ({ cookie, 'sec-fetch-site': 'same-origin' }),
      () => backend.stop(),
      () => backend.start(),
    )
    expectOutage(loaded, 'caller_check_unavailable', house)
    await house.close()
    await backend.stop()
  })

  describe.skipIf(findProgram('redis-server') === undefined)('a store that replicas share', () => {
    const kinds: readonly [what: string, headersOf: (house: House) => Promise<() => Promise<Headers>>][] = [
      [
        'sessions, whose end could not be known',
        async (house) => {
          const { token } = await house.minter.mint({ team: 'acme' })
          return async () => ({ authorization: `Bearer ${token}` })
        },
      ],
      [
        'proofs, which could have been seen before',
        async (house) => {
          const prover = await createProver()
          const { token } = await house.minter.mint({ team: 'acme', jkt: prover.jkt })
          return async () => ({
            authorization: `DPoP ${token}`,
            dpop: await prover.prove('POST', `${house.baseURL}/chat/completions`, token),
          })
        },
      ],
      [
        'sessions with a number of calls, which could be used up',
        async (house) => {
          const { token } = await house.minter.mint({ team: 'acme', maxCalls: 1_000_000 })
          return async () => ({ authorization: `Bearer ${token}` })
        },
      ],
    ]
    // A store that hangs is waited for, for a second and a half.
    // A store that hangs is waited for, for a second and a half.
    const ways: readonly [how: string, stop: (redis: RedisServer) => unknown, start: (redis: RedisServer) => unknown, duringMs: number][] =
      [
        ['killed', (redis) => redis.stop(), (redis) => redis.start(), 600],
        ['hanging', (redis) => redis.pause(), (redis) => redis.resume(), 2500],
      ]
    describe.each(ways)('that is %s', (_, stop, start, duringMs) => {
      test.sequential.each(kinds)('for %s', { timeout: patientMs }, async (_what, headersOf) => {
        const redis = await prepareRedis()
        await redis.start()
        const house = await openHouse({ store: openStore({ redis: { url: redis.url } }) })
        const loaded = await load(
          house,
          await headersOf(house),
          () => stop(redis),
          () => start(redis),
          duringMs,
        )
        expectOutage(loaded, 'store_unavailable', house)
        await house.close()
        await redis.close()
      })
    })
  })
})
