import { setTimeout as sleep } from 'node:timers/promises'
import { type Claim, type Recovery, type Store, StoreLost } from '@postern/ports'
import { createRedisStore } from '@postern/stores'
import { createClient } from '@redis/client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findProgram } from '../support/programs.js'
import { prepareRedis, type RedisServer } from '../support/redis-server.js'

const minute = 60_000
const claims: readonly Claim[] = [{ budget: { id: 'b', limit: 100, per: 'month' }, amount: 2 }]

describe.skipIf(findProgram('redis-server') === undefined)('a Redis that lost writes', () => {
  let redis: RedisServer
  const opened: Store[] = []
  beforeEach(async () => {
    redis = await prepareRedis()
    await redis.start()
  })
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()))
    await redis.close()
  })

  function open(): Store & { readonly recovery: Recovery } {
    const store = createRedisStore({ url: redis.url })
    opened.push(store)
    return { ...store, recovery: store.budgets.recovery as Recovery }
  }

  /** Puts Redis back to what was saved. */
  async function putBack(): Promise<void> {
    await redis.stop()
    await redis.start()
    await sleep(150)
  }

  test('is found out by the process whose writes are missing, however much others have written since', async () => {
    const [one, other] = [open(), open()]
    await one.budgets.reserve('1', claims, minute)
    await redis.save()
    await one.budgets.reserve('2', claims, minute)
    await putBack()
    for (let index = 0; index < 20; index += 1) await other.budgets.reserve(`o${index}`, claims, minute)
    await expect(one.budgets.reserve('3', claims, minute)).rejects.toThrow(StoreLost)
    for (const ask of [
      () => other.budgets.reserve('4', claims, minute),
      () => other.budgets.settle('o1', [1]),
      () => other.budgets.extend(['o1'], minute),
      () => other.budgets.look([claims[0]?.budget as Claim['budget']]),
      () => other.budgets.bookAbandoned(10),
    ])
      await expect(ask()).rejects.toThrow('Redis has lost what it acknowledged')
    expect((await other.recovery.look()).lost).toBeDefined()
  })

  test('is no loss where everything that was acknowledged is there after a restart', async () => {
    const one = open()
    await one.budgets.reserve('1', claims, minute)
    await redis.save()
    await putBack()
    expect(await one.budgets.settle('1', [1])).toMatchObject([{ booked: 1, held: 0 }])
    expect((await one.recovery.look()).lost).toBeUndefined()
  })

  test('has what is under way back and what ended from the ledger, once every process that lives has joined', async () => {
    const [one, other] = [open(), open()]
    const reserved = await one.budgets.reserve('1', claims, minute, undefined, 'note')
    const kept = reserved.counted.flatMap((counted) => counted.kept ?? [])
    expect(kept).toMatchObject([{ amount: 2, endsMs: expect.any(Number) as number, forgetsMs: expect.any(Number) as number }])
    await other.recovery.look()
    await redis.flush()
    await expect(one.budgets.settle('1', [1])).rejects.toThrow(StoreLost)
    const { lost } = await one.recovery.look()
    const name = lost?.name as string
    await other.recovery.look()
    expect(await one.recovery.join(name, [{ id: '1', parts: kept, note: 'note' }])).toBe(true)
    expect((await one.recovery.look()).lost?.missing).toBe(1)
    expect(await one.recovery.lead(name)).toBe(true)
    expect(await other.recovery.lead(name)).toBe(false)
    await one.recovery.clear(name)
    await one.recovery.write(
      name,
      kept.map((part) => ({ ...part, amount: 7 })),
    )
    const generation = await one.recovery.next()
    await expect(one.recovery.finish(name, generation)).rejects.toThrow(StoreLost)
    expect(await other.recovery.join(name, [])).toBe(true)
    await one.recovery.finish(name, generation)
    expect(await one.recovery.look()).toMatchObject({ generation, isBehind: false, lost: undefined })
    expect(await one.budgets.settle('1', [1])).toMatchObject([{ booked: 8, held: 0 }])
    expect(await other.recovery.look()).toMatchObject({ generation, isBehind: false })
    expect(await other.budgets.reserve('2', claims, minute)).toMatchObject({ granted: true, counted: [{ booked: 8, held: 2 }] })
  })

  test('lets a process that missed the recovery put its calls back before anything else', async () => {
    const [one, late] = [open(), open()]
    const reserved = await late.budgets.reserve('late', claims, minute)
    await one.recovery.look()
    await redis.flush()
    await expect(one.recovery.look()).resolves.toMatchObject({ lost: { missing: Infinity } })
    const name = (await one.recovery.look()).lost?.name as string
    await one.recovery.join(name, [])
    await one.recovery.lead(name)
    await one.recovery.finish(name, await one.recovery.next())
    await expect(late.budgets.settle('late', [1])).rejects.toThrow(StoreLost)
    expect(await late.recovery.look()).toMatchObject({ isBehind: true, lost: undefined })
    await late.recovery.adopt([{ id: 'late', parts: reserved.counted.flatMap(({ kept }) => kept ?? []), note: undefined }])
    expect(await late.budgets.settle('late', [1])).toMatchObject([{ booked: 1, held: 0 }])
  })

  test('tells whoever takes a note what the call was booked as', async () => {
    const one = open()
    const reserved = await one.budgets.reserve('1', claims, 0, undefined, 'note')
    await one.budgets.bookAbandoned(10)
    const [counted] = reserved.counted
    expect(await one.budgets.takeNotes(10, minute)).toEqual([{ id: '1', isSettled: false, text: 'note', counted: [counted?.kept] }])
  })

  test('of an earlier version, which has no state, keeps its counts', async () => {
    const one = open()
    await one.budgets.reserve('1', claims, minute)
    await one.budgets.settle('1', [2])
    const onlooker = await createClient({ url: redis.url }).connect()
    await onlooker.del('postern:state')
    onlooker.destroy()
    const next = open()
    expect(await next.recovery.look()).toMatchObject({ isNew: true, lost: undefined })
    expect(await next.budgets.look([claims[0]?.budget as Claim['budget']])).toMatchObject([{ booked: 2, held: 0 }])
    expect((await next.recovery.counts(undefined)).counts).toMatchObject([{ amount: 2 }])
  })
})
