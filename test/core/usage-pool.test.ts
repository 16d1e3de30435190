import { describe, expect, test } from 'vitest'
import { Secret } from '@postern/ports'
import { UsagePool } from '../../packages/instance/src/usage-pool.js'

/** Opens numbered things, and notes which were closed. */
function counting() {
  const closed: number[] = []
  let opened = 0
  return {
    closed,
    open: () => (opened += 1),
    close: (thing: number): void => void closed.push(thing),
  }
}

describe('a usage pool', () => {
  test('gives two runtimes one thing where kind and settings are equal, and closes it after the last of them', async () => {
    const pool = new UsagePool()
    const { open, close, closed } = counting()
    const [first, second] = [pool.begin(), pool.begin()]
    const settings = (): object => ({ origin: 'https://a', limits: [1, 2] })
    expect([first, second].map((uses) => uses.share('queue', settings(), open, close))).toEqual([1, 1])
    await first.release()
    expect(closed).toEqual([])
    await second.release()
    expect(closed).toEqual([1])
  })

  test('one runtime that asks twice releases once', async () => {
    const pool = new UsagePool()
    const { open, close, closed } = counting()
    const [first, second] = [pool.begin(), pool.begin()]
    first.share('queue', 'a', open, close)
    first.share('queue', 'a', open, close)
    second.share('queue', 'a', open, close)
    await first.release()
    await first.release()
    expect(closed).toEqual([])
  })

  test('other settings, and the same settings of another kind, are other things', () => {
    const uses = new UsagePool().begin()
    const { open } = counting()
    const all = [
      uses.share('queue', { a: 1 }, open),
      uses.share('queue', { a: 2 }, open),
      uses.share('cache', { a: 1 }, open),
      uses.share('queue', undefined, open),
      uses.share('queue', null, open),
    ]
    expect(new Set(all).size).toBe(all.length)
  })

  test('a thing that was closed is opened anew', async () => {
    const pool = new UsagePool()
    const { open, close } = counting()
    const first = pool.begin()
    first.share('queue', 'a', open, close)
    await first.release()
    expect(pool.begin().share('queue', 'a', open, close)).toBe(2)
  })

  test('every thing is closed, although closing one of them fails; and the failure is told', async () => {
    const uses = new UsagePool().begin()
    const { open, close, closed } = counting()
    uses.share('queue', 'a', open, () => {
      throw new Error('cannot be closed')
    })
    uses.share('queue', 'b', open, close)
    await expect(uses.release()).rejects.toThrow('cannot be closed')
    expect(closed).toEqual([2])
  })
})

describe('what a runtime inherits', () => {
  const { open, close } = counting()
  /** Takes over, or opens, the memory with these settings, as a runtime does that is complete then. */
  function next(pool: UsagePool, settings: string) {
    const uses = pool.begin()
    const thing = uses.inherit('memory', settings, open, close)
    uses.complete()
    pool.succeed(uses)
    return { uses, thing }
  }

  test('is what the runtime before it remembers', () => {
    const pool = new UsagePool()
    const first = next(pool, 'a')
    expect(next(pool, 'a').thing).toBe(first.thing)
  })

  test('is not what an earlier one remembers, although that is open for its last calls', async () => {
    const pool = new UsagePool()
    const first = next(pool, 'a')
    const second = next(pool, 'b')
    const third = next(pool, 'a')
    expect(new Set([first.thing, second.thing, third.thing]).size).toBe(3)
    await first.uses.release()
    expect(next(pool, 'a').thing).toBe(third.thing)
  })

  test('is one thing for one runtime that asks twice', () => {
    const uses = new UsagePool().begin()
    expect(uses.inherit('memory', 'a', open)).toBe(uses.inherit('memory', 'a', open))
  })
})

describe('the fingerprint of a secret', () => {
  test('is equal for equal secrets alone, and holds nothing of the secret', () => {
    const [one, same, other] = ['sk_a_secret_text', 'sk_a_secret_text', 'sk_a_secret_texu'].map((text) => new Secret(text).fingerprint())
    expect(one).toBe(same)
    expect(one).not.toBe(other)
    expect(one).not.toContain('secret')
  })
})
