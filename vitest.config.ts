import { defineConfig } from 'vitest/config'
import { LoudSkips } from './test/support/loud-skips.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Two cores: more workers than that only make the timing tests wait for each other.
    maxWorkers: 2,
    reporters: ['default', new LoudSkips()],
  },
})
