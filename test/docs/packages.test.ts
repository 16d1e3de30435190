import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const folders = ['sidecar', ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}`)]
const run = promisify(execFile)

interface Manifest {
  readonly name: string
}

interface Packed {
  readonly name: string
  readonly files: readonly { readonly path: string }[]
}

/** What npm would pack of each package, by its name; all in one run, because npm itself takes most of the time. */
const packed = new Map<string, readonly string[]>()

beforeAll(async () => {
  const options = ['--dry-run', '--json', '--ignore-scripts', '--offline']
  const { stdout } = await run('npm', ['pack', ...folders.map((folder) => `./${folder}`), ...options], { cwd: root, maxBuffer: 2 ** 26 })
  for (const { name, files } of JSON.parse(stdout) as readonly Packed[])
    packed.set(
      name,
      files.map(({ path }) => path),
    )
}, 120_000)

describe('the package in', () => {
  test.each(folders)('%s is packed with its README, the licence, and the words by which it is found', (folder) => {
    const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest
    const { name } = manifest
    expect(manifest).toMatchObject({
      description: expect.stringMatching(/\.$/) as string,
      license: 'MIT',
      keywords: expect.arrayContaining(['postern']) as string[],
    })
    expect(packed.get(name)).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json']))
    expect(readFileSync(join(root, folder, 'README.md'), 'utf8')).toMatch(new RegExp(`^# ${name}\n`))
    expect(readFileSync(join(root, folder, 'LICENSE'), 'utf8')).toBe(readFileSync(join(root, 'LICENSE'), 'utf8'))
  })

  test('sidecar is packed without the bundle, which would hold copies of libraries that npm does not know of', () => {
    const files = packed.get('@postern/sidecar') ?? []
    expect(files).toEqual(
      expect.arrayContaining([
        'bin/postern.js',
        'bin/bundle.js',
        'dist/main.js',
        'dist/console-page/page.js',
        'dist/console-page/preact.LICENSE',
      ]),
    )
    expect(files.filter((file) => file.startsWith('bundle/'))).toEqual([])
  })
})
