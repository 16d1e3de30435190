import { once } from 'node:events'
import { type Budget, createMemoryStore, type Store } from '@postern/ports'
import { parseGovernance } from '@postern/protocol'
import { afterEach, describe, expect, test } from 'vitest'
import type { ConfigInput } from '@postern/config'
import { freePort } from '../support/free-port.js'
import { type HostileUpstream, plainCompletion, startHostileUpstream } from '../support/hostile-upstream.js'
import { doorNames, type House, type HouseOptions, openHouse } from '../support/house.js'

type Rules = NonNullable<ConfigInput['limits']>['rules']

const open: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()))
})

async function openWith(rules: Rules, { config, ...options }: HouseOptions = {}): Promise<House> {
  const house = await openHouse({ ...options, config: { limits: { rules }, ...config } })
  open.push(house)
  return house
}

/** A gateway that holds each stream open until it is let go. */
async function startHoldingGateway(): Promise<HostileUpstream & { letGo(): void }> {
  const held: (() => void)[] = []
  const upstream = await startHostileUpstream((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: {"id":"x","choices":[{"index":0,"delta":{"content":"a"}}]}\n\n')
    held.push(() => response.end('data: {"id":"x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'))
  })
  open.push(upstream)
  return Object.assign(upstream, { letGo: () => held.splice(0).forEach((end) => end()) })
}

const refusalOf = async (answer: Response): Promise<readonly [number, string]> => [
  answer.status,
  ((await answer.json()) as { error: { code: string } }).error.code,
]
const statuses = (answers: readonly Response[]): readonly number[] =>
  answers.map(({ status }) => status).toSorted((one, other) => one - other)
const together = (house: House, count: number, options: Parameters<House['chat']>[0] = {}): Promise<Response[]> =>
  Promise.all(Array.from({ length: count }, () => house.chat(options)))
const leftIn = (answer: Response): string | null => answer.headers.get('ratelimit')

describe.each(doorNames)('limits, behind the %s door', (door) => {
  test('let exactly as many calls of each user through as they say, however many come at once', async () => {
    const house = await openWith([{ name: 'fair-use', each: 'user', per: 'day', requests: 5 }], { door })
    expect(statuses(await together(house, 12))).toEqual([...Array<number>(5).fill(200), ...Array<number>(7).fill(429)])
    // Another team, and nobody's user: a count of its own.
    expect((await house.chat({ credential: house.callers.globex })).status).toBe(200)
    const refused = await house.chat()
    expect(await refusalOf(refused)).toEqual([429, 'rate_limited'])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(86_400)
    expect(refused.headers.get('x-should-retry')).toBeNull()
    expect(house.emulator.seen).toHaveLength(6)
    expect(house.ledger.entries.at(-1)).toMatchObject({
      code: 'rate_limited',
      finish: 'refused',
      cause: expect.stringContaining('limits.rules[0]'),
    })
  })

  test('are told with each answer, also of a stream, and may be read by pages', async () => {
    const house = await openWith(
      [
        { name: 'fair-use', each: 'user', per: 'minute', requests: 9 },
        { requests: 3, name: 'ever' },
      ],
      { door },
    )
    const answer = await house.chat()
    expect(answer.headers.get('ratelimit-policy')).toBe('"fair-use";q=9;w=60, "ever";q=3')
    expect(leftIn(answer)).toMatch(/^"fair-use";r=8;t=\d{1,2}, "ever";r=2$/)
    expect(answer.headers.get('access-control-expose-headers')).toContain('RateLimit-Policy, RateLimit')
    const stream = await house.chat({ body: { stream: true } })
    await stream.text()
    expect(leftIn(stream)).toMatch(/^"fair-use";r=7;t=\d{1,2}, "ever";r=1$/)
    await (await house.chat()).text()
    const last = await house.chat()
    expect(await refusalOf(last)).toEqual([402, 'budget_exhausted'])
    expect(last.headers.get('x-should-retry')).toBe('false')
    expect(leftIn(last)).toMatch(/"ever";r=0$/)
  })

  test('count no call that another rule refuses, and none that reaches no gateway', async () => {
    const house = await openWith([{ requests: 2 }], { door, config: { policies: { maxTokens: 10 } } })
    expect((await house.chat({ headers: { 'X-Step-ID': 'no tag' } })).status).toBe(400)
    expect((await house.chat({ body: { max_tokens: 50 } })).status).toBe(400)
    const [{ token }] = [await house.minter.mint({ user: 'ada', team: 'acme', maxCalls: 1 })]
    expect((await house.chat({ credential: token, body: { max_tokens: 5 } })).status).toBe(200)
    expect(await refusalOf(await house.chat({ credential: token, body: { max_tokens: 5 } }))).toEqual([402, 'budget_exhausted'])
    expect((await house.chat({ body: { max_tokens: 5 } })).status).toBe(200)
    expect(await refusalOf(await house.chat({ body: { max_tokens: 5 } }))).toEqual([402, 'budget_exhausted'])

    const unreachable = await openWith([{ requests: 1 }], {
      door,
      baseURL: `http://127.0.0.1:${await freePort()}/v1`,
      settings: { attempts: 1 },
    })
    for (let call = 0; call < 3; call += 1) expect((await refusalOf(await unreachable.chat()))[1]).toBe('gateway_unavailable')
  })

  test('count a call once, whatever its attempts, and also where the gateway refuses it', async () => {
    let asked = 0
    const away = '{"error":{"message":"No healthy free-tier model available","type":"service_unavailable","code":"no_candidate"}}'
    const upstream = await startHostileUpstream((_, response) => {
      asked += 1
      const status = asked === 1 ? 503 : asked === 2 ? 200 : 400
      const body = asked === 1 ? away : asked === 2 ? plainCompletion : '{"error":{"message":"no"}}'
      response.writeHead(status, { 'content-type': 'application/json' }).end(body)
    })
    open.push(upstream)
    const house = await openWith([{ requests: 2 }], { door, gateway: 'freeai', baseURL: upstream.baseURL })
    expect((await house.chat()).status).toBe(200)
    expect(asked).toBe(2)
    expect((await house.chat()).status).toBe(400)
    expect(await refusalOf(await house.chat())).toEqual([402, 'budget_exhausted'])
    expect(asked).toBe(3)
  })

  test('hold streams that are open at once, and let another in when one has ended or its client has left', async () => {
    const upstream = await startHoldingGateway()
    const house = await openWith([{ each: 'team', streams: 2 }], { door, baseURL: upstream.baseURL })
    const left = new AbortController()
    const first = await house.chat({ body: { stream: true } })
    const second = await house.chat({ body: { stream: true }, signal: left.signal })
    expect([first.status, second.status]).toEqual([200, 200])
    const refused = await house.chat({ body: { stream: true } })
    expect(await refusalOf(refused)).toEqual([429, 'too_many_streams'])
    expect(refused.headers.get('retry-after')).toBe('1')
    left.abort()
    await expect.poll(async () => (await house.chat({ body: { stream: true } })).status).toBe(200)
    upstream.letGo()
    expect(await first.text()).toContain('[DONE]')
    await expect.poll(async () => (await house.chat({ body: { stream: true } })).status).toBe(200)
    upstream.letGo()
  })

  test('count a workflow within its team, and leave calls without one alone', async () => {
    const house = await openWith([{ each: 'workflow', requests: 1 }], { door })
    const run = (workflow: string, credential = house.callers.acme): Promise<Response> =>
      house.chat({ credential, headers: { 'X-Workflow-ID': workflow } })
    expect([(await run('one')).status, (await run('two')).status]).toEqual([200, 200])
    expect(await refusalOf(await run('one'))).toEqual([402, 'budget_exhausted'])
    // Another team's workflow of the same name.
    expect((await run('one', house.callers.globex)).status).toBe(200)
    expect(statuses(await together(house, 3))).toEqual([200, 200, 200])
  })

  test('are for the calls that they name: of a team, a key, a model; and count a call that names no model', async () => {
    const house = await openWith(
      [
        { team: 'globex', requests: 1 },
        { key: 'acme', model: 'gpt-*', requests: 1 },
      ],
      { door },
    )
    expect(statuses(await together(house, 2, { credential: house.callers.globex }))).toEqual([200, 402])
    expect(statuses(await together(house, 2, { body: { model: 'cheap' } }))).toEqual([200, 200])
    expect((await house.chat({ body: { model: 'gpt-4o' } })).status).toBe(200)
    expect(await refusalOf(await house.chat({ body: { model: 'gpt-4o-mini' } }))).toEqual([402, 'budget_exhausted'])
    expect((await house.chat({ body: { model: undefined } })).status).toBe(402)
    // With this name the gateway chooses the model.
    expect((await house.chat({ body: { model: 'auto' } })).status).toBe(402)
    expect((await house.chat({ body: { model: 'cheap' } })).status).toBe(200)
  })

  test('while the store cannot be asked: refuse, or let calls through, as each rule says', async () => {
    const memory = createMemoryStore()
    const lost: Store = { ...memory, budgets: { ...memory.budgets, reserve: () => Promise.reject(new Error('It is away.')) } }
    const strict = await openWith(
      [
        { requests: 5, onUnavailable: 'allow' },
        { each: 'user', requests: 5 },
      ],
      { door, store: lost },
    )
    const refused = await strict.chat()
    expect(await refusalOf(refused)).toEqual([503, 'store_unavailable'])
    expect(refused.headers.get('retry-after')).toBe('1')
    const lenient = await openWith([{ requests: 5, onUnavailable: 'allow' }], { door, store: { ...lost, close: async () => {} } })
    expect((await lenient.chat()).status).toBe(200)
  })

  test('tell a page what counts for its user or session alone, and nothing of the others', async () => {
    const house = await openWith(
      [
        { name: 'the-whole-company', requests: 1 },
        { name: 'mine', each: 'user', requests: 5 },
      ],
      { door },
    )
    const headers = { 'sec-fetch-site': 'same-origin' }
    expect(leftIn(await house.chat({ headers }))).toBe('"mine";r=4')
    const refused = await house.chat({ headers })
    expect(refused.status).toBe(402)
    expect(await refused.text()).not.toContain('company')
    expect(leftIn(refused)).toBe('"mine";r=4')
    expect(await (await house.chat()).text()).toContain('the-whole-company')
  })

  test('say in the record of a refusal that nothing was sent', async () => {
    const house = await openWith([{ requests: 1 }], { door })
    await (await house.chat()).text()
    const refused = await house.chat()
    expect(parseGovernance(refused.headers.get('postern-governance'))).toMatchObject({ finish: 'refused', attempt: 0, key: 'acme' })
    expect(house.emulator.seen).toHaveLength(1)
  })
})

describe('what is set aside for a call that is cut while the store is asked', () => {
  test('is given back when the store has answered', async () => {
    const memory = createMemoryStore()
    let answer: () => void = () => {}
    const asked = new EventTarget()
    const slow: Store = {
      ...memory,
      budgets: {
        ...memory.budgets,
        reserve: async (...args) => {
          const reserved = await memory.budgets.reserve(...args)
          await new Promise<void>((answered) => {
            answer = answered
            asked.dispatchEvent(new Event('asked'))
          })
          return reserved
        },
      },
    }
    const house = await openWith([{ requests: 1 }], { store: slow })
    const waiting = once(asked, 'asked')
    const call = house.chat()
    await waiting
    house.runtime.cut()
    expect((await call).status).toBe(503)
    const facts = { principal: { via: 'service', caller: 'a', delegate: false }, key: 'acme', gateway: 'main' } as const
    const rule = house.runtime.findLimits({ ...facts, models: [], workflow: undefined, isStream: false })[0]?.claim.budget as Budget
    expect(await memory.budgets.look([rule])).toMatchObject([{ booked: 0, held: 1 }])
    answer()
    await expect.poll(() => memory.budgets.look([rule])).toMatchObject([{ booked: 0, held: 0 }])
  })
})

describe.each(doorNames)('GET {mount}/limits, behind the %s door', (door) => {
  const ask = (house: House, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
    fetch(house.baseURL.replace(/\/v1$/, '/limits'), { headers: { authorization: `Bearer ${house.callers.acme}`, ...headers } })

  test('tells a caller its own limits with what is left, and sends nothing to a gateway', async () => {
    const house = await openWith(
      [
        { name: 'fair-use', each: 'user', per: 'minute', requests: 9 },
        { team: 'globex', requests: 4 },
        { each: 'workflow', requests: 3 },
        { each: 'team', streams: 2 },
      ],
      { door },
    )
    await (await house.chat()).text()
    const answer = await ask(house)
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(await answer.json()).toEqual({
      limits: [
        { name: 'fair-use', unit: 'requests', limit: 9, left: 8, each: 'user', per: 'minute', resets_in: expect.any(Number) },
        { name: 'each-team', unit: 'streams', limit: 2, left: 2, each: 'team' },
      ],
    })
    const inWorkflow = (await (await ask(house, { 'X-Workflow-ID': 'run' })).json()) as { limits: readonly { name: string }[] }
    expect(inWorkflow.limits.map(({ name }) => name)).toEqual(['fair-use', 'each-workflow', 'each-team'])
    expect(house.emulator.seen).toHaveLength(1)
    expect(house.ledger.entries.at(-1)).toMatchObject({ path: '/limits', status: 200, user: 'svc-acme', finish: 'complete' })
  })

  test('tells a page what counts for its user and session alone', async () => {
    const house = await openWith(
      [
        { name: 'all', requests: 9 },
        { each: 'user', requests: 4 },
      ],
      { door },
    )
    const answer = await ask(house, { 'sec-fetch-site': 'same-origin' })
    expect(await answer.json()).toEqual({ limits: [{ name: 'each-user', unit: 'requests', limit: 4, left: 4, each: 'user' }] })
  })

  test('refuses whoever is not known, other methods, and a store that cannot be asked', async () => {
    const memory = createMemoryStore()
    const lost: Store = { ...memory, budgets: { ...memory.budgets, look: () => Promise.reject(new Error('It is away.')) } }
    const house = await openWith([{ requests: 9 }], { door, store: lost })
    const url = house.baseURL.replace(/\/v1$/, '/limits')
    expect(await refusalOf(await fetch(url))).toEqual([401, 'caller_missing'])
    const posted = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${house.callers.acme}` } })
    expect([...(await refusalOf(posted)), posted.headers.get('allow')]).toEqual([405, 'method_not_allowed', 'GET'])
    expect(await refusalOf(await ask(house))).toEqual([503, 'store_unavailable'])
  })

  test('tells whoever has no limits that there are none', async () => {
    const house = await openWith([], { door })
    expect(await (await ask(house)).json()).toEqual({ limits: [] })
  })
})
