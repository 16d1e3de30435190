import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'postern-packed-'))

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

/** A line of the table: the package that is wanted, the tarballs that are installed for it, and what comes from the registry. */
interface Line {
  readonly wanted: string
  readonly tarballs: readonly string[]
  readonly others: readonly string[]
}

/** The lines of the README's table "Getting it". */
const lines: readonly Line[] = readFileSync(join(root, 'README.md'), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const match = /^\| .*`@postern\/(\w+)` \| `npm install (?:--save-dev )?\S*\/postern-\{([\w,]+)\}-([\d.]+)\.tgz ?([^`]*)` \|$/.exec(line)
    if (match === null) return []
    const [, wanted = '', names = '', version = '', others = ''] = match
    const tarballs = names.split(',').map((name) => `postern-${name}-${version}.tgz`)
    return [{ wanted: `postern-${wanted}-${version}.tgz`, tarballs, others: others.split(' ').filter((name) => name !== '') }]
  })

/** What is inside each tarball. */
const packed = new Map<string, { readonly manifest: Manifest; readonly imports: readonly string[] }>()

beforeAll(async () => {
  const names = readdirSync(join(root, 'packages'))
  const options = ['--json', '--ignore-scripts', '--offline', '--pack-destination', folder]
  const { stdout } = await run('npm', ['pack', ...names.map((name) => `./packages/${name}`), ...options], { cwd: root, maxBuffer: 2 ** 26 })
  for (const { filename } of JSON.parse(stdout) as readonly { readonly filename: string }[]) {
    const inside = join(folder, `inside-${filename}`)
    mkdirSync(inside)
    await run('tar', ['-xzf', join(folder, filename), '-C', inside])
    const manifest = JSON.parse(readFileSync(join(inside, 'package/package.json'), 'utf8')) as Manifest
    const files = readdirSync(join(inside, 'package/dist'), { recursive: true, encoding: 'utf8' }).filter((file) =>
      /\.(?:js|d\.ts)$/.test(file),
    )
    const code = files.map((file) => readFileSync(join(inside, 'package/dist', file), 'utf8')).join('\n')
    const imports = [...code.matchAll(/^(?:import|export) [^;]*?'(@postern\/\w+)|\bimport\('(@postern\/\w+)/gm)].map(
      ([, fixed, late]) => (fixed ?? late) as string,
    )
    packed.set(filename, { manifest, imports: [...new Set(imports)] })
  }
}, 120_000)

afterAll(() => rmSync(folder, { recursive: true }))

/** Whatever npm would look for in the registry, where there is none of our packages. */
function missingFrom({ tarballs, others }: Line): readonly string[] {
  return tarballs.flatMap((tarball) => {
    const found = packed.get(tarball)
    if (found === undefined) return [`${tarball}, which is not packed`]
    const { manifest, imports } = found
    const { dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = manifest
    const ours = [...Object.keys(dependencies), ...imports].filter((name) => name.startsWith('@postern/')).map(beginningOf)
    const peers = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true)
    const missing = ours.filter((beginning) => !tarballs.some((each) => each.startsWith(beginning)))
    return [...new Set([...missing, ...peers.filter((name) => !others.includes(name))])].map((name) => `${name} for ${tarball}`)
  })
}

/** How the tarball of a package begins. */
function beginningOf(name: string): string {
  return `${name.replace('@', '').replace('/', '-')}-`
}

describe('the table of the README that says how packages are installed', () => {
  test('has a line for each package that a project uses by itself', () => {
    const wanted = lines.map((line) => line.wanted.split('-')[1])
    expect(wanted).toEqual(['client', 'server', 'express', 'stores', 'guard'])
  })

  test.each(lines.map((line) => [line.wanted, line] as const))('installs with %s every package of ours that it needs', (wanted, line) => {
    expect(line.tarballs).toContain(wanted)
    expect(missingFrom(line)).toEqual([])
  })
})
