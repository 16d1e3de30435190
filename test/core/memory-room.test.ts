import { createLimitFinder } from '@postern/core'
import { createMemoryStore, entryOwnerOf, type Principal, StoreFull } from '@postern/ports'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

const second = 1000
const minute = 60 * second
const day = 24 * 60 * minute
/** A caller alone has a quarter of it. */
const room = 400
const ada = entryOwnerOf({ user: 'ada', team: 'acme', via: 'service', caller: 'a', delegate: false })

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 0, 1) })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the room of a memory store', () => {
  test('comes back to a caller who had none, a second after what was over', async () => {
    const { locks, seen } = createMemoryStore({ locks: room, entries: room })
    const until = Date.now() + minute
    for (let index = 0; index < room / 4; index += 1) {
      await locks.take(`k${index}`, 'one', until, ada)
      await seen.add(`k${index}`, until, ada)
    }
    await expect(locks.take('more', 'one', until, ada)).rejects.toThrow(StoreFull)
    await expect(seen.add('more', until, ada)).rejects.toThrow(StoreFull)
    vi.setSystemTime(until + second)
    expect(await locks.take('more', 'two', until + minute, ada)).toBe('two')
    expect(await seen.add('more', until + minute, ada)).toBe(true)
    expect(await locks.take('k0', 'two', until + minute, ada)).toBe('two')
  })

  test('is made by what is kept for a clock that may be set back, for whoever has none, and by nothing that still counts', async () => {
    const { budgets } = createMemoryStore({ counts: room })
    const spend = async (id: string, owner: typeof ada, per?: 'minute'): Promise<unknown> => {
      const reserved = await budgets.reserve(`r ${id} ${Date.now()}`, [{ budget: { id, limit: 1, per }, amount: 1 }], minute, owner)
      if (reserved.granted) await budgets.settle(`r ${id} ${Date.now()}`, [1])
      return reserved.granted
    }
    const bob = { tenant: 'globex', caller: 'bob' }
    await spend('of bob', bob, 'minute')
    expect(await spend('for good', ada)).toBe(true)
    for (let index = 1; index < room / 4; index += 1) await spend(`k${index}`, ada, 'minute')
    await expect(spend('more', ada, 'minute')).rejects.toThrow(StoreFull)
    const before = Date.now()
    vi.setSystemTime(before + minute)
    expect(await spend('more', ada, 'minute')).toBe(true)
    expect(await spend('for good', ada)).toBe(false)
    vi.setSystemTime(before)
    expect(await spend('of bob', bob, 'minute')).toBe(false)
  })
})

describe('the count of a session without a period', () => {
  const rule = {
    path: 'limits.rules[0]',
    countedUnder: 'x',
    title: 'x',
    each: 'session',
    unit: 'requests',
    limit: 1,
    onUnavailable: 'refuse',
  } as const
  const keptMs = (more: Partial<Principal>): number | undefined => {
    const principal: Principal = { via: 'session', caller: 's', delegate: false, session: { id: 's', issuedAt: 0 }, ...more }
    const facts = { principal, key: 'acme', gateway: 'main', models: [], workflow: undefined, isStream: false }
    return createLimitFinder([rule])(facts)[0]?.claim.budget.forgottenAfterMs
  }

  test('is kept for thirty days after its last call, and for as long as the session lives', () => {
    expect(keptMs({ expiresAt: Date.now() + minute })).toBe(30 * day)
    expect(keptMs({ expiresAt: Date.now() + 60 * day })).toBe(60 * day)
    expect(keptMs({})).toBe(undefined)
  })
})
