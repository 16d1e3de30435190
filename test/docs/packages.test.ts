import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const folders = ['sidecar', ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}`)]
const run = promisify(execFile)

describe('the package in', () => {
  test.each(folders)(
    '%s is packed with its README and the licence',
    async (folder) => {
      const cwd = join(root, folder)
      const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--offline'], { cwd })
      const [packed] = JSON.parse(stdout) as readonly [{ readonly name: string; readonly files: readonly { readonly path: string }[] }]
      expect(packed.files.map(({ path }) => path)).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json']))
      expect(readFileSync(join(cwd, 'README.md'), 'utf8')).toMatch(new RegExp(`^# ${packed.name}\n`))
      expect(readFileSync(join(cwd, 'LICENSE'), 'utf8')).toBe(readFileSync(join(root, 'LICENSE'), 'utf8'))
    },
    60_000,
  )
})
