import { createMemoryStore, type Revocation } from '@postern/ports'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

const minute = 60_000
const ofUser = (name: string, more: Partial<Revocation> = {}): Revocation => ({
  kind: 'user',
  name,
  at: 1,
  until: Date.now() + minute,
  ...more,
})

describe('the revocations of a memory store', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('are bounded: a new one rejects beyond, none is forgotten for it, and those that are over make room', async () => {
    const store = createMemoryStore()
    for (let index = 0; index < 100_000; index += 1) await store.revocations.append(ofUser(`user ${index}`))
    await expect(store.revocations.append(ofUser('one more'))).rejects.toThrow('The store is full.')
    await store.revocations.append(ofUser('user 7', { at: 2 }))
    const { items } = await store.revocations.after()
    expect(items.length).toBe(100_000)
    expect(items.find(({ name }) => name === 'user 7')?.at).toBe(2)
    vi.setSystemTime(Date.now() + minute + 1)
    await store.revocations.append(ofUser('one more'))
    expect((await store.revocations.after()).items.map(({ name }) => name)).toEqual(['one more'])
  })

  test('of one name are one, which ends all that they end, and those who follow are told of it again', async () => {
    const store = createMemoryStore()
    await store.revocations.append(ofUser('ada', { at: 5, until: Date.now() + minute }))
    const { mark } = await store.revocations.after()
    await store.revocations.append(ofUser('ada', { at: 3, until: Date.now() + 2 * minute }))
    await store.revocations.append({ ...ofUser('ada'), kind: 'team' })
    const page = await store.revocations.after(mark)
    expect(page.items.map(({ kind, at, until }) => [kind, at, until - Date.now()])).toEqual([
      ['user', 5, 2 * minute],
      ['team', 1, minute],
    ])
  })
})
