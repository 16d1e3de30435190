import { setTimeout as sleep } from 'node:timers/promises'
import { createMemoryStore } from '@postern/ports'
import type { SecretUses } from '@postern/ports'
import { expect, test } from 'vitest'
import { UseCounts } from '../../packages/instance/src/key-ring/use-counts.js'

const nothingElse = { begin: () => {}, end: () => {} }

/** The ring of a store in memory that counts writings, and whose next ones may fail. */
function openRing() {
  const { keyRing } = createMemoryStore()
  if (keyRing === undefined) throw new Error('The store in memory has a ring.')
  const state = { writings: 0, failing: false }
  const addUses = async (uses: readonly SecretUses[]): Promise<void> => {
    state.writings += 1
    if (state.failing) throw new Error('away')
    await keyRing.addUses(uses)
  }
  return { state, addUses, usesOf: keyRing.usesOf }
}

test('the uses of many calls are written to the store in one go, with the first and the last of them', async () => {
  const ring = openRing()
  const counts = new UseCounts(ring)
  const [old, next] = [counts.counting('acme', 1, nothingElse), counts.counting('acme', 4, nothingElse)]
  const from = Date.now()
  for (let call = 0; call < 1000; call++) old.begin()
  next.begin()
  next.end()
  await expect
    .poll(async () => (await ring.usesOf('acme')).map(({ since, calls }) => [since, calls]))
    .toEqual([
      [1, 1000],
      [4, 1],
    ])
  expect(ring.state.writings).toBe(1)
  const [{ firstAt, lastAt } = { firstAt: 0, lastAt: 0 }] = await ring.usesOf('acme')
  expect(firstAt).toBeGreaterThanOrEqual(from)
  expect(lastAt).toBeGreaterThanOrEqual(firstAt)
  await sleep(5)
  old.end()
  await counts.close()
  expect((await ring.usesOf('acme'))[0]).toMatchObject({ calls: 1000, firstAt, lastAt: expect.toSatisfy((at: number) => at > lastAt) })
})

test('uses stay counted while the store is away, and none is counted twice when it is back', async () => {
  const ring = openRing()
  const counts = new UseCounts(ring)
  const use = counts.counting('acme', 1, nothingElse)
  ring.state.failing = true
  use.begin()
  await expect.poll(() => ring.state.writings, { timeout: 5000 }).toBeGreaterThan(1)
  use.begin()
  expect(await ring.usesOf('acme')).toEqual([])
  ring.state.failing = false
  await expect.poll(async () => (await ring.usesOf('acme'))[0]?.calls, { timeout: 5000 }).toBe(2)
  await counts.close()
  expect((await ring.usesOf('acme'))[0]?.calls).toBe(2)
})

test('a store that does not answer holds up the end of a process for a second and not for longer', async () => {
  const counts = new UseCounts({ addUses: () => new Promise(() => {}) })
  counts.counting('acme', 1, nothingElse).begin()
  const from = performance.now()
  await counts.close()
  expect(performance.now() - from).toBeGreaterThan(900)
  expect(performance.now() - from).toBeLessThan(5000)
})

test('what else follows the calls of a secret is told of each of them', () => {
  const told: string[] = []
  const counts = new UseCounts(openRing())
  const use = counts.counting('acme', 1, { begin: () => told.push('begin'), end: () => told.push('end') })
  use.begin()
  use.end()
  expect(told).toEqual(['begin', 'end'])
})
