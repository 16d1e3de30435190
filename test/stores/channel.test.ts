import { duplexPair } from 'node:stream'
import { createMemoryStore, StoreFull, StoreNotAsked } from '@postern/ports'
import { createChannelStore, type Link, openLink, serveStore } from '@postern/stores/channel'
import { expect, test } from 'vitest'

function openPair(): readonly [Link, Link] {
  const [one, other] = duplexPair()
  return [openLink(one), openLink(other)]
}

test('answers belong to their questions, in whatever order they come and however large they are', async () => {
  const [asks, answers] = openPair()
  answers.answer('echo', async (text: string, waitsFor: Promise<void> | undefined) => {
    await waitsFor
    return text
  })
  let hold = (): void => {}
  const held = new Promise<void>((done) => (hold = done))
  answers.answer('held', async (text: string) => {
    await held
    return text
  })
  const large = 'x'.repeat(3_000_000)
  const first = asks.ask('held', ['first'], 20_000)
  const others = Promise.all([
    asks.ask('echo', [large], 20_000),
    asks.ask('echo', ['small'], 20_000),
    asks.ask('echo', [undefined], 20_000),
  ])
  expect(await others).toEqual([large, 'small', undefined])
  hold()
  expect(await first).toBe('first')
})

test('errors of a store keep their kind, and an unknown question is one', async () => {
  const [asks, answers] = openPair()
  const errors = [new StoreFull('full'), new StoreNotAsked('not asked'), new RangeError('range')]
  answers.answer('fail', (place: number) => Promise.reject(errors[place]))
  await expect(asks.ask('fail', [0], 5000)).rejects.toBeInstanceOf(StoreFull)
  const notAsked: unknown = await asks.ask('fail', [1], 5000).catch((error: unknown) => error)
  expect([notAsked instanceof StoreNotAsked, notAsked instanceof StoreFull]).toEqual([true, false])
  await expect(asks.ask('fail', [2], 5000)).rejects.toBeInstanceOf(RangeError)
  await expect(asks.ask('unknown', [], 5000)).rejects.toThrow('Nobody here answers "unknown".')
})

test('a question without an answer is given up within two seconds, and an answer that comes later changes nothing', async () => {
  const [asks, answers] = openPair()
  serveStore({ ...createMemoryStore(), seen: { scope: 'process', add: () => new Promise(() => {}) } }, answers)
  const store = createChannelStore(asks)
  const began = performance.now()
  await expect(store.seen.add('k', Date.now() + 60_000)).rejects.toThrow('did not answer in time')
  expect(performance.now() - began).toBeGreaterThan(1600)
})

test('what was asked when the other process ends may have been done, and what is asked later was not', async () => {
  const [one, other] = duplexPair()
  const asks = openLink(one)
  const answers = openLink(other)
  answers.answer('never', () => {
    other.end()
    return new Promise(() => {})
  })
  const error: unknown = await asks.ask('never', [], 20_000).catch((found: unknown) => found)
  expect(error).toBeInstanceOf(Error)
  expect(error).not.toBeInstanceOf(StoreNotAsked)
  await asks.closed
  await expect(asks.ask('never', [], 20_000)).rejects.toBeInstanceOf(StoreNotAsked)
})

test('a store that is served has no methods but those of its ports', async () => {
  const [asks, answers] = openPair()
  serveStore(createMemoryStore(), answers)
  for (const [port, method] of [
    ['close', 'call'],
    ['seen', 'toString'],
    ['constructor', 'constructor'],
    ['budgets', '__proto__'],
  ])
    await expect(asks.ask('store', [port, method, []], 5000)).rejects.toThrow(`The store has no ${port}.${method}.`)
})

test('what a process that ended had set aside is booked at once, and its notes are taken over', async () => {
  const store = createMemoryStore()
  const [asks, answers] = openPair()
  const served = serveStore(store, answers)
  const { budgets } = createChannelStore(asks)
  const claims = [{ budget: { id: 'b', limit: 10 }, amount: 3 }]
  for (const id of ['open', 'settled', 'left']) await budgets.reserve(id, claims, 60_000, undefined, `note of ${id}`)
  await budgets.settle('settled', [1])
  await budgets.settle('left', [2], { text: 'entry of left', leaseMs: 60_000 })
  expect(await store.budgets.takeNotes(10, 1000)).toEqual([])
  expect(await served.abandon()).toBe(1)
  expect(await store.budgets.bookAbandoned(10)).toEqual(['open'])
  expect(await store.budgets.look([{ id: 'b', limit: 10 }])).toMatchObject([{ booked: 1 + 2 + 3, held: 0 }])
  const notes = await store.budgets.takeNotes(10, 1000)
  expect(notes.toSorted((one, other) => one.id.localeCompare(other.id))).toEqual([
    { id: 'left', isSettled: true, text: 'entry of left' },
    { id: 'open', isSettled: false, text: 'note of open' },
  ])
})
