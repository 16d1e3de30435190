import { setTimeout as sleep } from 'node:timers/promises'
import { EMULATED_GATEWAYS, USUAL_MODELS } from '@postern/emulator'
import { expect, test } from 'vitest'
import { openRotating, rotateUnderLoad, users } from '../support/rotating-sidecar.js'

test.each(EMULATED_GATEWAYS)(
  'a key of %s is rotated under 200 calls a second without one failed call',
  { timeout: 120_000 },
  async (gateway) => {
    const rotating = await openRotating(gateway)
    try {
      const from = performance.now()
      const calls = await rotateUnderLoad(gateway, rotating, 16)
      const perSecond = (calls / (performance.now() - from)) * 1000
      process.stderr.write(`${gateway}: ${calls} calls, ${perSecond.toFixed(0)} a second, none failed.\n`)
      expect(perSecond).toBeGreaterThan(200)
    } finally {
      await rotating.close()
    }
  },
)

test('a gateway that rejects every key for a minute is used again within 30 seconds of its recovery, without a hand', {
  timeout: 300_000,
}, async () => {
  const rotating = await openRotating('joytoken')
  try {
    const { former, next, keys, call } = rotating
    for (const args of [
      ['--take', '--secret-env', 'NEXT'],
      ['--validate', '--model', USUAL_MODELS.joytoken],
      ['--share', '50'],
    ])
      expect((await keys('rotate', 'acme', ...args)).code).toBe(0)
    /** Asks each user's calls in turn, ten a second, and gives the statuses. */
    const callFor = async (ms: number): Promise<readonly number[]> => {
      const statuses: number[] = []
      for (const until = performance.now() + ms; performance.now() < until; await sleep(100))
        statuses.push(await call(users[statuses.length % users.length] as string))
      return statuses
    }
    expect(new Set(await callFor(5000))).toEqual(new Set([200]))
    for (const key of [former, next]) key.state = 'revoked'
    expect(new Set(await callFor(60_000))).toEqual(new Set([502]))
    for (const key of [former, next]) key.state = 'active'
    const recoveredAt = performance.now()
    let lastFailure = 0
    while (performance.now() < recoveredAt + 40_000) {
      const statuses = await callFor(1000)
      if (statuses.some((status) => status !== 200)) lastFailure = performance.now() - recoveredAt
    }
    console.info('after a minute of rejections the last call failed', Math.round(lastFailure), 'ms behind the recovery')
    expect(lastFailure).toBeLessThan(30_000)
  } finally {
    await rotating.close()
  }
})
