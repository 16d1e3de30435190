import { defineConfig } from 'vitest/config'
import { LoudSkips } from './test/support/loud-skips.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Two cores: many tests wait for a timeout, and a third worker computes in the meantime.
    maxWorkers: 3,
    // A file finds what the file before it has imported; each closes what it opens. That saves a quarter of the time.
    isolate: false,
    reporters: ['default', new LoudSkips()],
  },
})
