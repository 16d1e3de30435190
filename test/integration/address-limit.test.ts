import { afterEach, describe, expect, test } from 'vitest'
import { type House, type HouseOptions, openHouse } from '../support/house.js'
import { startStopwatch, timed } from '../support/stopwatch.js'

let house: House
afterEach(() => house.close())

/** In front of a gateway that takes ten calls at once from one address, and one more every 50 ms. */
const bucket = { burst: 10, perMinute: 1200 }
/** Where the gateway may refuse none: what a busy machine adds between leaving and arriving must not count as a call too early. */
const slow = { burst: 10, perMinute: 240 }

function open(options: HouseOptions = {}): Promise<House> {
  return openHouse({ gateway: 'freeai', emulator: { addressBucket: bucket }, settings: { addressLimit: bucket }, ...options })
}

const times = (count: number): number[] => Array.from({ length: count }, (_, index) => index)
const statusesAtGateway = (): (number | undefined)[] => house.emulator.seen.map(({ status }) => status)

describe('in front of a gateway that counts calls by address', () => {
  test('calls wait for their turn, and the gateway refuses none', async () => {
    house = await open({ emulator: { addressBucket: slow }, settings: { addressLimit: slow } })
    const watch = startStopwatch()
    const answers = await Promise.all(times(20).map(() => house.chat()))
    watch.stop()
    expect(answers.map(({ status }) => status)).toEqual(times(20).map(() => 200))
    expect(statusesAtGateway()).not.toContain(429)
    // The wait is not Postern's own time.
    expect(Math.max(...house.ledger.entries.map(({ overhead_ms: own = 0 }) => own)) - watch.lateMs()).toBeLessThan(300)
  })

  test('a tenant with many calls holds up nobody but itself', async () => {
    house = await open()
    const order: string[] = []
    const flood = times(50).map(() => house.chat().then(() => order.push('acme')))
    await expect.poll(() => order.length).toBeGreaterThanOrEqual(bucket.burst)
    const before = order.length
    const others = times(3).map(() => house.chat({ credential: house.callers.globex }).then(() => order.push('globex')))
    await Promise.all(others)
    // One call of each in turn: three of the other tenant pass while no more than a handful of the flood do.
    expect(order.slice(before).filter((tenant) => tenant === 'acme').length).toBeLessThanOrEqual(8)
    expect(order.length).toBeLessThan(before + 15)
    await Promise.all(flood)
  })

  test('who would wait too long is told at once when to come again, and the others still get in', async () => {
    house = await open({ emulator: { addressBucket: slow }, settings: { addressLimit: { ...slow, longestWait: '2500ms' } } })
    const watch = startStopwatch()
    const flood = times(60).map(() => house.chat())
    await new Promise((later) => setTimeout(later, 50))
    const other = await house.chat({ credential: house.callers.globex })
    expect(other.status).toBe(200)
    const answers = await Promise.all(flood)
    watch.stop()
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused.length).toBeGreaterThan(20)
    const [first] = refused as [Response, ...Response[]]
    expect([first.headers.get('postern-refusal'), Number(first.headers.get('retry-after')) > 0]).toEqual(['rate_limited', true])
    expect(first.headers.get('x-should-retry')).toBeNull()
    const own = house.ledger.entries.filter(({ code }) => code === 'rate_limited').map(({ overhead_ms: spent = 0 }) => spent)
    expect(Math.max(...own) - watch.lateMs()).toBeLessThan(300)
    expect(statusesAtGateway()).not.toContain(429)
  })

  test('a newcomer is not crowded out by tenants that keep a line', async () => {
    house = await open({
      settings: { addressLimit: { burst: 2, perMinute: 1200, longestWait: '1500ms' } },
      emulator: {},
      config: { bindings: [{ default: true, key: 'acme' }] },
    })
    const call = async (team: string): Promise<number> =>
      (await house.chat({ credential: house.callers.delegate, headers: { 'Postern-Act-As': `team=${team}` } })).status
    const busy = new AbortController()
    const passed = new Map<string, number>()
    const keepCalling = async (team: string): Promise<void> => {
      while (!busy.signal.aborted) {
        if ((await call(team)) === 200) passed.set(team, (passed.get(team) ?? 0) + 1)
        else await new Promise((later) => setTimeout(later, 10))
      }
    }
    const lines = times(12).flatMap((index) => [keepCalling(`busy-${index}`), keepCalling(`busy-${index}`)])
    await new Promise((later) => setTimeout(later, 1700))
    const first = await Promise.all(times(3).map((index) => call(`newcomer-${index}`)))
    passed.clear()
    // One more tenant that calls as often as the others, but with one call at a time, gets its share.
    lines.push(keepCalling('late'))
    await new Promise((later) => setTimeout(later, 2500))
    busy.abort()
    await Promise.all(lines)
    expect(first).toEqual([200, 200, 200])
    const fair = [...passed.values()].reduce((sum, count) => sum + count, 0) / passed.size
    expect(passed.get('late') ?? 0).toBeGreaterThan(fair / 2)
  })

  test('however many newcomers come, who stands in line is served', async () => {
    house = await open({
      settings: { addressLimit: { burst: 2, perMinute: 600, longestWait: '3s' } },
      emulator: {},
      config: { bindings: [{ default: true, key: 'acme' }] },
    })
    const call = (team: string) => house.chat({ credential: house.callers.delegate, headers: { 'Postern-Act-As': `team=${team}` } })
    await call('regular')
    const newcomers: Promise<unknown>[] = []
    let count = 0
    const arriving = setInterval(() => newcomers.push(call(`newcomer-${(count += 1)}`)), 80)
    await new Promise((later) => setTimeout(later, 300))
    expect((await call('regular')).status).toBe(200)
    clearInterval(arriving)
    await Promise.all(newcomers)
  })

  test('what the gateway says of one key stops nobody else', async () => {
    house = await openHouse({ gateway: 'opentoken', settings: { addressLimit: { burst: 10, perMinute: 1200 } } })
    house.keys.acme.state = 'spend-limited'
    expect((await house.chat()).status).toBe(402)
    const { result, ms } = await timed(house.chat({ credential: house.callers.globex }))
    expect(result.status).toBe(200)
    expect(ms).toBeLessThan(500)
  })

  test('a client that leaves gives its turn to the next', async () => {
    house = await open({ settings: { addressLimit: { burst: 1, perMinute: 120 } } })
    await house.chat()
    const leaving = new AbortController()
    const gone = house.chat({ signal: leaving.signal })
    await new Promise((later) => setTimeout(later, 50))
    leaving.abort()
    await expect(gone).rejects.toThrow(/abort/i)
    expect((await house.chat({ prompt: 'the next' })).status).toBe(200)
    expect(house.emulator.seen.map(({ json }) => (json as { messages: { content: string }[] }).messages[0]?.content)).toEqual([
      'Hello',
      'the next',
    ])
    expect(house.ledger.entries.filter(({ finish }) => finish === 'client_closed')).toHaveLength(1)
  })

  test('where others call from the same address too, what the gateway refuses waits and is sent once more', async () => {
    house = await open({ emulator: { addressBucket: { burst: 1, perMinute: 60 } } })
    const answers = await Promise.all(times(2).map(() => house.chat()))
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(statusesAtGateway()).toContain(429)
  })

  test('what the gateway gives anybody is not counted', async () => {
    house = await open({ settings: { addressLimit: { burst: 1, perMinute: 1, longestWait: '1s' } } })
    const list = () => fetch(`${house.baseURL}/models`, { headers: { authorization: `Bearer ${house.callers.acme}` } })
    expect((await Promise.all(times(5).map(list))).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    expect(house.emulator.seen.flatMap(({ credentials }) => credentials)).toEqual([])
    expect((await house.chat()).status).toBe(200)
    expect((await house.chat()).status).toBe(429)
  })

  test('the documented limit holds without a word of configuration', async () => {
    house = await open({ settings: { addressLimit: undefined }, emulator: { addressBucket: { burst: 10, perMinute: 20 } } })
    const answers = times(10).map(() => house.chat())
    // One of the ten is kept back, since calls take unequally long to the gateway.
    const first = await Promise.all(answers.slice(0, 9))
    expect(first.map(({ status }) => status)).toEqual(times(9).map(() => 200))
    expect(house.emulator.seen).toHaveLength(9)
    expect((await (answers[9] as Promise<Response>)).status).toBe(200)
  })
})
