import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/dependencies.md'), 'utf8')
const folders = ['sidecar', ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}`)]

interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

const manifests = folders.map((folder) => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest)

/** Each library of others, and the packages of ours whose manifest names it. */
function librariesOf(kind: 'dependencies' | 'optionalDependencies' | 'peerDependencies'): readonly string[] {
  const pairs = manifests.flatMap(({ name, [kind]: libraries = {} }) => Object.keys(libraries).map((library) => `${library} of ${name}`))
  return pairs.filter((pair) => !pair.startsWith('@postern/')).toSorted()
}

/** The same as the page says, from the rows of one of its tables. */
function namedIn(table: string): readonly string[] {
  const rows = [...table.matchAll(/^\| ((?:`[^`]+`(?:, )?)+) \| ((?:`@postern\/\w+`(?:, )?)+) \| /gm)]
  const words = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word as string)
  return rows
    .flatMap(([, libraries = '', ours = '']) => words(libraries).flatMap((each) => words(ours).map((name) => `${each} of ${name}`)))
    .toSorted()
}

describe('docs/dependencies.md', () => {
  const [installed = '', optional = '', brought = ''] = page.split(/What is installed where it can be|What an application brings itself/)

  test('has a reason for each library that a package installs, and no other', () => {
    expect(namedIn(installed)).toEqual(librariesOf('dependencies'))
  })

  test('names each library that is left out with --omit=optional', () => {
    expect(namedIn(optional)).toEqual(librariesOf('optionalDependencies'))
  })

  test('names each library that an application brings itself', () => {
    expect(namedIn(brought)).toEqual(librariesOf('peerDependencies'))
  })

  test('names the packages that need no library of others', () => {
    const [, sentence = ''] = /^(.+) need no library of others/m.exec(page) ?? []
    const named = [...sentence.matchAll(/@postern\/\w+/g)].map(String)
    const needing = [...librariesOf('dependencies'), ...librariesOf('peerDependencies')].map((pair) => pair.split(' of ')[1])
    const without = manifests.map(({ name }) => name).filter((name) => !needing.includes(name))
    expect(named.filter((name) => !without.includes(name))).toEqual([])
  })

  test('is right that each version is pinned', () => {
    for (const { name, dependencies = {} } of manifests)
      for (const [library, version] of Object.entries(dependencies))
        expect([name, library, version]).toEqual([name, library, expect.stringMatching(/^(?:workspace:\*|\d+\.\d+\.\d+)$/)])
  })
})
