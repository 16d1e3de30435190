import { defineConfig } from 'vitest/config'

// Under load, so one file at a time and with nothing beside it.
export default defineConfig({
  test: {
    include: ['test/load/**/*.load.ts'],
    globalSetup: ['test/support/template-folder.ts'],
    testTimeout: 180_000,
    hookTimeout: 60_000,
    maxWorkers: 1,
  },
})
