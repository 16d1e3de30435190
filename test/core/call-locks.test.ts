import { CallLocks } from '@postern/core'
import { createMemoryStore, type Locks, Refusal } from '@postern/ports'
import { afterEach, describe, expect, test } from 'vitest'

const opened: CallLocks[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((locks) => locks.close()))
})

/** Locks of a store that may do what it is told and lose the answer, or not answer at all. */
function openLocks() {
  const { locks: kept } = createMemoryStore()
  const store = { state: 'up' as 'up' | 'deaf' | 'mute' }
  const through = async <Answer>(command: () => Promise<Answer>): Promise<Answer> => {
    if (store.state === 'deaf') throw new Error('The store does not answer.')
    const answer = await command()
    if (store.state === 'mute') throw new Error('The answer of the store was lost.')
    return answer
  }
  const locks: Locks = {
    scope: 'process',
    take: (...asked) => through(() => kept.take(...asked)),
    release: (...asked) => through(() => kept.release(...asked)),
  }
  const open = (): CallLocks => {
    const made = new CallLocks(locks, 60_000)
    opened.push(made)
    return made
  }
  return { kept, store, open, locks: open() }
}

const unavailable = expect.objectContaining({ code: 'store_unavailable' }) as Refusal

describe('the locks of calls', () => {
  test('say who has a key, and keep it behind a call that may have been billed', async () => {
    const { locks, open } = openLocks()
    const other = open()
    expect(await locks.take('k', 'one')).toBe('one')
    expect(await other.take('k', 'two')).toBe('one')
    locks.keep('k', 'one')
    expect(await other.take('k', 'two')).toBe('one')
  })

  test('free a key at once in their own process, although the store is still being told', async () => {
    const { locks } = openLocks()
    await locks.take('k', 'one')
    locks.release('k', 'one')
    expect(await locks.take('k', 'two')).toBe('two')
  })

  test('release a lock that may have been taken when the answer of the store was lost, before the key is taken again', async () => {
    const { locks, store, kept } = openLocks()
    store.state = 'mute'
    await expect(locks.take('k', 'one')).rejects.toEqual(unavailable)
    expect(await kept.take('k', 'onlooker', Date.now() + 1000)).toBe('one')
    store.state = 'up'
    expect(await locks.take('k', 'two')).toBe('two')
  })

  test('release later what could not be released, by themselves', async () => {
    const { locks, store, kept } = openLocks()
    await locks.take('k', 'one')
    store.state = 'deaf'
    locks.release('k', 'one')
    await locks.round()
    expect(await kept.take('k', 'onlooker', Date.now() + 1000)).toBe('one')
    store.state = 'up'
    await locks.round()
    expect(await kept.take('k', 'onlooker', Date.now() + 1000)).toBe('onlooker')
  })

  test('extend what their calls hold while those run, and nothing else', async () => {
    const { kept } = openLocks()
    const taken: string[] = []
    const locks = new CallLocks({ ...kept, take: (key, holder, until) => (taken.push(key), kept.take(key, holder, until)) }, 60_000)
    opened.push(locks)
    for (const key of ['runs', 'failed', 'ended']) await locks.take(key, 'one')
    locks.release('failed', 'one')
    locks.keep('ended', 'one')
    taken.length = 0
    await locks.round()
    expect(taken).toEqual(['runs'])
  })

  test('wait at their end for what the store is being told', async () => {
    const { kept } = openLocks()
    let answer = (): void => {}
    const release: Locks['release'] = async (key, holder) => {
      await new Promise<void>((told) => (answer = told))
      await kept.release(key, holder)
    }
    const locks = new CallLocks({ ...kept, release }, 60_000)
    await locks.take('k', 'one')
    locks.release('k', 'one')
    const closing = locks.close()
    answer()
    await closing
    expect(await kept.take('k', 'two', Date.now() + 1000)).toBe('two')
  })
})
