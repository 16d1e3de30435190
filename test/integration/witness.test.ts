import { createMemoryStore, type PosternEvent, tellAll } from '@postern/ports'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { logEvents } from '../../sidecar/src/log-events.js'
import { watchStore } from '../../sidecar/src/readiness/watch-store.js'
import { type HostileUpstream, plainCompletion, startHostileUpstream } from '../support/hostile-upstream.js'
import { doorNames, type House, type HouseOptions, openHouse } from '../support/house.js'

const open: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()))
})

async function openHouseWith(options: HouseOptions): Promise<{ readonly house: House; readonly events: PosternEvent[] }> {
  const events: PosternEvent[] = []
  const house = await openHouse({ ...options, witness: (event) => void events.push(event) })
  open.push(house)
  return { house, events }
}

const upstreamOf = async (...args: Parameters<typeof startHostileUpstream>): Promise<HostileUpstream> => {
  const upstream = await startHostileUpstream(...args)
  open.push(upstream)
  return upstream
}

/** An error of Free AI after which nothing was run. */
const away = '{"error":{"message":"No healthy free-tier model available","type":"service_unavailable","code":"no_candidate"}}'

describe.each(doorNames)('what happens behind the %s door is told', (door) => {
  test('a call: that it begins, and how it ends, with the entry of the ledger', async () => {
    const { house, events } = await openHouseWith({ door })
    await (await house.chat()).text()
    await expect.poll(() => events.length).toBe(2)
    expect(events[0]).toEqual({ type: 'call_begun', gateway: 'main', key: 'acme' })
    expect(events[1]).toMatchObject({ type: 'call_ended', entry: { finish: 'complete', key: 'acme', team: 'acme' } })
    expect((events[1] as { entry: unknown }).entry).toBe(house.ledger.entries.at(-1))
  })

  test('a refused call has an end and no beginning', async () => {
    const { house, events } = await openHouseWith({ door })
    await house.chat({ credential: house.callers.stranger })
    expect(events).toMatchObject([{ type: 'call_ended', entry: { finish: 'refused', code: 'no_key_for_caller' } }])
  })

  test('each attempt that failed, also one that another followed', async () => {
    let asked = 0
    const upstream = await upstreamOf((_, response) => {
      asked += 1
      response.writeHead(asked === 1 ? 503 : 200, { 'content-type': 'application/json' }).end(asked === 1 ? away : plainCompletion)
    })
    const { house, events } = await openHouseWith({ door, gateway: 'freeai', baseURL: upstream.baseURL })
    await (await house.chat()).text()
    const types = events.map(({ type }) => type)
    expect([asked, types]).toEqual([2, ['call_begun', 'attempt_failed', 'call_ended']])
    expect(events[1]).toMatchObject({ gateway: 'main', key: 'acme', attempt: 1 })
  })

  test('a key that the gateway refuses, by alias and by the id that the gateway saw', async () => {
    const upstream = await upstreamOf((_, response) => {
      response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":{"message":"no such key"}}')
    })
    const { house, events } = await openHouseWith({ door, baseURL: upstream.baseURL })
    const answer = await house.chat()
    const requestId = answer.headers.get('x-request-id')
    expect(events.filter(({ type }) => type === 'key_rejected')).toEqual([
      { type: 'key_rejected', gateway: 'main', key: 'acme', requestId },
    ])
  })

  test('a key in an answer, by the alias of the key that was found', async () => {
    const found: string[] = []
    const upstream = await upstreamOf((_, response) => {
      const body = JSON.stringify({ ...(JSON.parse(plainCompletion) as object), id: found[0] })
      response.writeHead(200, { 'content-type': 'application/json' }).end(body)
    })
    const { house, events } = await openHouseWith({ door, baseURL: upstream.baseURL })
    found.push(house.keys.globex.secret)
    expect((await house.chat()).status).toBe(502)
    expect(events.filter(({ type }) => type === 'leak_found')).toEqual([
      { type: 'leak_found', key: 'globex', requestId: house.ledger.entries.at(-1)?.request_id },
    ])
    expect(JSON.stringify(events)).not.toContain(house.keys.globex.secret)
  })
})

describe('the loss of a store', () => {
  test('is told once, and once more when the store is back', async () => {
    const memory = createMemoryStore()
    let isLost = true
    const events: PosternEvent[] = []
    const after: typeof memory.revocations.after = (mark) =>
      isLost ? Promise.reject(new Error('It is away.')) : memory.revocations.after(mark)
    const { store } = watchStore({ ...memory, revocations: { ...memory.revocations, after } }, (event) => void events.push(event))
    await expect(store.revocations.after()).rejects.toThrow('It is away.')
    await expect(store.revocations.after()).rejects.toThrow('It is away.')
    isLost = false
    await store.revocations.after()
    await store.revocations.after()
    expect(events).toEqual([
      { type: 'store_lost', reason: 'It is away.' },
      { type: 'store_back', afterMs: expect.any(Number) },
    ])
  })

  test('has a line of the log, and its end another', () => {
    const lines: unknown[] = []
    const witness = logEvents((level, message, facts) => void lines.push([level, message, facts]))
    witness({ type: 'store_lost', reason: 'It is away.' })
    witness({ type: 'store_back', afterMs: 1200 })
    expect(lines).toEqual([
      ['error', 'store_unavailable', { reason: 'It is away.' }],
      ['info', 'store_available_again', { after_ms: 1200 }],
    ])
  })
})

describe('several listeners', () => {
  test('are all told, also where one of them throws, which becomes a warning of the process', () => {
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const told: string[] = []
    const witness = tellAll([
      () => {
        throw new Error('The counter is full.')
      },
      ({ type }) => void told.push(type),
    ])
    witness({ type: 'store_lost', reason: '' })
    expect(told).toEqual(['store_lost'])
    expect(warnings).toHaveBeenCalledWith(expect.stringContaining('The counter is full.'), { code: 'POSTERN_WITNESS' })
    warnings.mockRestore()
  })
})
