import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { subjects } from './subjects.mjs'

const root = join(import.meta.dirname, '../..')
const packages = ['sidecar', ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}`)]

/** `@postern/ports` is the built package for every other test; here it is its sources, of which some are mutated. */
const entries = packages.flatMap((folder) => {
  const { name, exports = {} } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
  return Object.entries(exports).flatMap(([path, { default: file = '' }]) => {
    const source = join(root, folder, file.replace(/^\.\/dist\/(.*)\.js$/, 'src/$1.ts'))
    return source.endsWith('.ts') ? [{ find: new RegExp(`^${join(name, path)}$`), replacement: source }] : []
  })
})

const built = { find: /^(?:\.\.\/)+packages\/(\w+)\/dist\/(.+)\.js$/, replacement: `${root}/packages/$1/src/$2.ts` }

export default defineConfig({
  resolve: { alias: [...entries, built] },
  test: {
    include: [...subjects[process.env.MUTATION_SUBJECT ?? ''].tests],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    isolate: false,
  },
})
