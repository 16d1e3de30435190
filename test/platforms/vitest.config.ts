import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'

/** For `npm run platforms` only: each of these starts programs of others, of which some are large. */
export default defineConfig({
  test: {
    root: resolve(import.meta.dirname, '../..'),
    include: ['test/platforms/**/*.platform.ts'],
    globalSetup: ['test/platforms/lay-packages.ts'],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    fileParallelism: false,
  },
})
