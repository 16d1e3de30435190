import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Revocation, Store } from '@postern/ports'
import { openStore } from '@postern/stores'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findProgram } from '../support/programs.js'
import { prepareRedis, type RedisServer } from '../support/redis-server.js'

const folder = mkdtempSync(join(tmpdir(), 'postern-stores-'))
let redis: RedisServer

/** A kind of store: `prepare` gives a place of its own, which gives handles on one and the same store. */
interface Kind {
  readonly scope: Store['scope']
  readonly needsRedis: boolean
  prepare(): () => Store
}

const kinds: Readonly<Record<string, Kind>> = {
  memory: {
    scope: 'process',
    needsRedis: false,
    prepare() {
      const store = openStore({ memory: true })
      return () => store
    },
  },
  sqlite: {
    scope: 'process',
    needsRedis: false,
    prepare() {
      const sqlite = join(folder, `${randomUUID()}.db`)
      return () => openStore({ sqlite })
    },
  },
  redis: {
    scope: 'shared',
    needsRedis: true,
    prepare() {
      const prefix = `${randomUUID()}:`
      return () => openStore({ redis: { url: redis.url, prefix } })
    },
  },
}

const withoutRedis = findProgram('redis-server') === undefined

beforeAll(async () => {
  if (withoutRedis) return
  redis = await prepareRedis()
  await redis.start()
})

afterAll(async () => {
  if (!withoutRedis) await redis.close()
  rmSync(folder, { recursive: true })
})

for (const [name, kind] of Object.entries(kinds)) {
  describe.skipIf(kind.needsRedis && withoutRedis)(`the ${name} store`, () => {
    let store: Store
    let other: Store

    beforeEach(() => {
      const open = kind.prepare()
      store = open()
      other = open()
    })

    afterEach(async () => {
      await store.close()
      await other.close()
    })

    const inAMinute = (): number => Date.now() + 60_000
    const revocation = (name: string, more: Partial<Revocation> = {}): Revocation => ({
      kind: 'user',
      name,
      at: 1_700_000_000,
      until: inAMinute(),
      ...more,
    })

    test('says how far it reaches', () => {
      expect(store.scope).toBe(kind.scope)
    })

    test('tells exactly one of 200 concurrent calls that a key is new', async () => {
      const told = await Promise.all(
        Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? store : other).remember('k', inAMinute())),
      )
      expect(told.filter(Boolean)).toHaveLength(1)
    })

    test('forgets a key after its time, and remembers it anew', async () => {
      const until = Date.now() + 300
      expect(await store.remember('k', until)).toBe(true)
      expect(await store.remember('k', inAMinute())).toBe(false)
      await sleep(350)
      expect(await store.remember('k', inAMinute())).toBe(true)
      expect(await store.remember('k', inAMinute())).toBe(false)
    })

    test('does not keep what was over before it was remembered', async () => {
      expect(await store.remember('k', Date.now() - 1000)).toBe(true)
      await sleep(10)
      expect(await store.remember('k', inAMinute())).toBe(true)
    })

    test('counts exactly under concurrency, by two handles', async () => {
      const until = inAMinute()
      const counts = await Promise.all(Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? store : other).count('k', until)))
      expect(counts.toSorted((one, another) => one - another)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1))
    })

    test('begins to count anew after the time that the first count fixed', async () => {
      expect(await store.count('k', Date.now() + 300)).toBe(1)
      expect(await store.count('k', inAMinute())).toBe(2)
      await sleep(350)
      expect(await store.count('k', inAMinute())).toBe(1)
      expect(await store.count('k', Date.now() - 1000)).toBe(2)
      expect(await store.count('k', inAMinute())).toBe(3)
    })

    test('keeps what is remembered apart from what is counted', async () => {
      expect(await store.remember('k', inAMinute())).toBe(true)
      expect(await store.count('k', inAMinute())).toBe(1)
      expect(await store.count('counted:k', inAMinute())).toBe(1)
      expect(await store.count('remembered:k', inAMinute())).toBe(1)
      expect(await store.remember('counted:k', inAMinute())).toBe(true)
    })

    test('tells keys of any form apart: empty, long, with zeros, with letters of all the world', async () => {
      const keys = ['', ' ', 'a\0b', 'a', 'a\0', 'ß', '人', 'x'.repeat(100_000), "'; DROP TABLE counted; --"]
      for (const key of keys) expect(await store.remember(key, inAMinute())).toBe(true)
      for (const key of keys) expect(await other.remember(key, inAMinute())).toBe(false)
    })

    test('gives no revocations and a mark to go on from where there are none', async () => {
      const { revocations, mark } = await store.revocations()
      expect(revocations).toEqual([])
      await other.revoke(revocation('late'))
      expect((await store.revocations(mark)).revocations.map(({ name }) => name)).toEqual(['late'])
    })

    test('gives revocations as they were written, in their order', async () => {
      const written = [
        revocation('Zoë 人', { kind: 'user', at: 1_700_000_000.5 }),
        revocation('', { kind: 'team' }),
        revocation('an-id', { kind: 'id', at: 0 }),
      ]
      for (const one of written) await store.revoke(one)
      expect((await other.revocations()).revocations).toEqual(written)
    })

    test('gives after a mark what was written after it, and nothing twice', async () => {
      await store.revoke(revocation('a'))
      const first = await other.revocations()
      expect(first.revocations).toHaveLength(1)
      const again = await other.revocations(first.mark)
      expect(again).toEqual({ revocations: [], mark: first.mark })
      await store.revoke(revocation('b'))
      await store.revoke(revocation('c'))
      expect((await other.revocations(first.mark)).revocations.map(({ name }) => name)).toEqual(['b', 'c'])
    })

    test('loses and doubles none of 2,500 while two write and one reads', async () => {
      const read: string[] = []
      let mark: string | undefined
      let done = false
      const reader = (async () => {
        for (let last = false; !last; ) {
          last = done
          const page = await other.revocations(mark)
          mark = page.mark
          read.push(...page.revocations.map(({ name }) => name))
          await sleep(5)
        }
      })()
      const write = async (writer: Store, letter: string): Promise<void> => {
        for (let index = 0; index < 1250; index += 1) {
          await writer.revoke(revocation(`${letter}${index}`))
          // A store that works at once must let the others have their turn too.
          if (index % 50 === 0) await sleep(1)
        }
      }
      await Promise.all([write(store, 'a'), write(other, 'b')])
      done = true
      await reader
      expect(new Set(read).size).toBe(2500)
      expect(read).toHaveLength(2500)
      expect(read.filter((name) => name.startsWith('a'))).toEqual(Array.from({ length: 1250 }, (_, index) => `a${index}`))

      const whole = await store.revocations()
      expect(whole.revocations.map(({ name }) => name)).toEqual(read)
      expect(whole.mark).toBe(mark)
    })

    test('takes a mark although what stood there is over', async () => {
      await store.revoke(revocation('short', { until: Date.now() + 100 }))
      const { mark } = await store.revocations()
      await sleep(1100)
      await store.revocations()
      await store.revoke(revocation('long'))
      expect((await store.revocations(mark)).revocations.map(({ name }) => name)).toEqual(['long'])
    })

    // There is nothing to close in memory.
    if (name === 'memory') return

    test('rejects once it is closed', async () => {
      await store.close()
      await store.close()
      await expect(store.remember('k', inAMinute())).rejects.toThrow('The store is closed.')
      await expect(store.count('k', inAMinute())).rejects.toThrow('The store is closed.')
      await expect(store.revoke(revocation('a'))).rejects.toThrow('The store is closed.')
      await expect(store.revocations()).rejects.toThrow('The store is closed.')
      expect(await other.remember('k', inAMinute())).toBe(true)
    })
  })
}
