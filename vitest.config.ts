import { defineConfig } from 'vitest/config'
import { LoudSkips } from './test/support/loud-skips.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/template-folder.ts'],
    setupFiles: ['test/support/plain-last-stat.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Two cores: many tests wait for a timeout, and a third worker computes in the meantime. With five, a run took as long.
    maxWorkers: 3,
    // Only files whose tests mostly wait have concurrent ones.
    maxConcurrency: 12,
    // A file finds what the file before it has imported; each closes what it opens. That saves a quarter of the time.
    isolate: false,
    // Node loads what the compiler made, as it does for users. Vitest would make it anew, in each worker: a quarter of what is computed.
    server: { deps: { external: [/\/(?:packages\/[^/]+|sidecar)\/dist\//] } },
    // What is waited for comes at once on a quiet machine, and late on a busy one; a second was too short there.
    expect: { poll: { timeout: 15_000, interval: 20 } },
    reporters: ['default', new LoudSkips()],
  },
})
