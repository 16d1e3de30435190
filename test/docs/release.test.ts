import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
// @ts-expect-error a script, which has no types
import { packagesInOrder, versionOf } from '../../scripts/release/packages.mjs'
// @ts-expect-error a script, which has no types
import { setVersion } from '../../scripts/release/set-version.mjs'

interface Package {
  readonly folder: string
  readonly manifest: { readonly name: string; readonly dependencies?: Readonly<Record<string, string>> }
}

const root = resolve(import.meta.dirname, '../..')
const packages = packagesInOrder(root) as readonly Package[]
const manifests = packages.map(({ folder }) => `${folder}/package.json`)
const others = ['README.md', 'CHANGELOG.md', 'deploy/kubernetes/deployment.yaml', 'deploy/kubernetes/sidecar.yaml']

let copy: string
beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), 'postern-release-'))
  for (const file of [...manifests, ...others]) {
    mkdirSync(dirname(join(copy, file)), { recursive: true })
    cpSync(join(root, file), join(copy, file))
  }
})
afterEach(() => rmSync(copy, { recursive: true }))

const textOf = (file: string): string => readFileSync(join(copy, file), 'utf8')

describe('a release', () => {
  test('has each package behind those that it depends on', () => {
    const names = packages.map(({ manifest }) => manifest.name)
    expect(names).toContain('@postern/sidecar')
    for (const [at, { manifest }] of packages.entries())
      for (const below of Object.keys(manifest.dependencies ?? {}).filter((name) => name.startsWith('@postern/')))
        expect(names.slice(0, at), `${manifest.name} needs ${below}`).toContain(below)
  })

  test('has its version in every manifest, and wherever a tarball or an image is named', () => {
    const former = versionOf(packages)
    const changed = setVersion(copy, '77.8.9', '2030-01-02')
    expect(changed.sort()).toEqual([...manifests, ...others].sort())
    for (const file of manifests) expect(JSON.parse(textOf(file))).toMatchObject({ version: '77.8.9' })
    for (const file of others.filter((name) => name !== 'CHANGELOG.md')) {
      expect(textOf(file)).toContain('77.8.9')
      expect(textOf(file)).not.toContain(former)
    }
  })

  test('has what was listed as unreleased under a heading of its own, above the releases before it', () => {
    writeFileSync(join(copy, 'CHANGELOG.md'), '# Changelog\n\n## Unreleased\n\nA change.\n\n## 0.1.0\n\nThe first.\n')
    setVersion(copy, '0.2.0', '2030-01-02')
    expect(textOf('CHANGELOG.md')).toBe(
      '# Changelog\n\n## Unreleased\n\nNothing yet.\n\n## 0.2.0 (2030-01-02)\n\nA change.\n\n## 0.1.0\n\nThe first.\n',
    )
  })

  test.each(['', 'Nothing yet.\n\n'])('is refused where "%s" is all that is listed, and changes no file then', (listed) => {
    writeFileSync(join(copy, 'CHANGELOG.md'), `# Changelog\n\n## Unreleased\n\n${listed}## 0.1.0\n\nThe first.\n`)
    const before = manifests.map(textOf)
    expect(() => setVersion(copy, '0.2.0', '2030-01-02')).toThrow('lists nothing under "## Unreleased"')
    expect(manifests.map(textOf)).toEqual(before)
  })

  test.each(['0.1.0', '0.0.9', '0.1', 'v0.2.0', '0.2.0-beta.1', '00.2.0', 'latest', ''])(
    'of the version "%s" behind 0.1.0 is refused',
    (wanted) => {
      for (const file of manifests) writeFileSync(join(copy, file), textOf(file).replace(/"version": "[^"]+"/, '"version": "0.1.0"'))
      expect(() => setVersion(copy, wanted, '2030-01-02')).toThrow(/is not greater than 0\.1\.0|is no version/)
    },
  )
})
