import { createMemoryStore, revocationOf } from '@postern/ports'
import { describe, expect, test } from 'vitest'
import { ForgottenProofs } from '../../packages/identity/src/proof/proof.js'
import { createRevocations } from '../../packages/identity/src/revocations.js'

const day = 86_400_000

describe('what-was-over-stays-over: a setting that is lowered and raised again', () => {
  test.each([0, 1, 2000, day - 1, day])('a revocation under a longest life of %d ms outlasts every token of the usual life', (ms) => {
    expect(revocationOf('user', 'ada', ms).until).toBeGreaterThan(Date.now() + day)
  })

  test('a revocation outlasts the longest life that was allowed since the start', async () => {
    const feed = createMemoryStore().revocations
    const kept: number[] = []
    const revocations = createRevocations({ ...feed, append: async ({ until }) => void kept.push(until - Date.now()) }, 3 * day)
    revocations.keepFor(2000)
    await revocations.revoke('user', 'ada')
    revocations.keepFor(5 * day)
    await revocations.revoke('team', 'acme')
    expect(kept.map((ms) => Math.floor(ms / day))).toEqual([3, 5])
  })

  test('a proof that may have been used and forgotten is not taken when proofs may be older', () => {
    const forgotten = new ForgottenProofs()
    const now = Date.now()
    forgotten.setWindow(5000)
    expect(forgotten.mayHave(now - 60_000)).toBe(false)
    forgotten.setWindow(60_000)
    expect([now - 30_000, now - 11_000].map((madeAt) => forgotten.mayHave(madeAt))).toEqual([true, true])
    expect([now - 4000, now].map((madeAt) => forgotten.mayHave(madeAt))).toEqual([false, false])
    forgotten.setWindow(5000)
    forgotten.setWindow(600_000)
    expect(forgotten.mayHave(now - 30_000)).toBe(true)
  })
})
