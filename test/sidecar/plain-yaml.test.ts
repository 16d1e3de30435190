import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readPlainYaml } from '../../sidecar/src/plain-yaml.js'
import { readYaml } from '../../sidecar/src/read-yaml.js'
import { leastCpuMs } from '../support/cpu-time.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-plain-yaml-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** What the library alone makes of a text; a text as short as these is read by nothing else. */
function readByLibrary(text: string): ReturnType<typeof readYaml> {
  const file = join(folder, 'postern.yaml')
  writeFileSync(file, text)
  return readYaml(file)
}

const top = 'version: 1\ngateways:\n  main: { dialect: openai }\n'
const plain = `${top}keys:\n  # Ours.\n  acme: { gateway: main, secret: { env: KEY } }\n\n  b-2: { gateway: main, secret: { file: /run/key.txt } }\n`
const bound = 'bindings:\n  - { user: u_7, key: acme }\n  - { key: b-2, team: t }\ncallers: {}\n'

const name = fc.constantFrom(
  'acme',
  'b',
  'null',
  'True',
  'nullable',
  '0x1',
  '1e3',
  '.inf',
  '~',
  'yes',
  '"q"',
  'a b',
  '*a',
  '&a x',
  'a:',
  '<<',
  'acme',
)
const oddLine = fc.constantFrom(
  '',
  '  # a comment',
  '# at the left',
  '\t',
  '   x: 1',
  ' y: 2',
  '- z',
  '  - { user: a, key: b } # behind it',
  '  acme: { gateway: main }',
  '  "acme": { gateway: main, secret: { env: KEY } }',
  '---',
  '%YAML 1.1',
  'keys:',
  'bindings:',
  'keys: {}',
  'text: |',
  'text: "',
  '"',
  'list: [',
  ']',
  'anchor: &a { b: c }',
  'again: *a',
)
const number = fc.integer({ min: 0, max: 99 })
const anyKey = fc.tuple(name, name, name).map(([alias, gateway, env]) => `  ${alias}: { gateway: ${gateway}, secret: { env: ${env} } }`)
const plainKey = number.map((each) => `  key-${each}: { gateway: main, secret: { env: KEY_${each} } }`)
const anyBinding = fc.tuple(name, name).map(([user, alias]) => `  - { user: ${user}, key: ${alias} }`)
const plainBinding = number.map((each) => `  - { user: u-${each}, key: key-${each} }`)
const linesOf = (usual: fc.Arbitrary<string>, unusual: fc.Arbitrary<string>): fc.Arbitrary<readonly string[]> =>
  fc.array(fc.oneof({ weight: 20, arbitrary: usual }, { weight: 2, arbitrary: unusual }, { weight: 1, arbitrary: oddLine }), {
    maxLength: 4,
  })
const section = fc.oneof(
  fc.tuple(fc.constant('keys:'), linesOf(plainKey, anyKey)),
  fc.tuple(fc.constant('bindings:'), linesOf(plainBinding, anyBinding)),
  fc.tuple(fc.constantFrom('callers: {}', 'text: |', 'text: "', 'keys: ', '  keys:'), linesOf(fc.constant('  a: 1'), oddLine)),
)
const newLine = fc.oneof({ weight: 9, arbitrary: fc.constant('\n') }, { weight: 1, arbitrary: fc.constant('\r\n') })
const file = fc.tuple(fc.array(oddLine, { maxLength: 1 }), fc.array(section, { maxLength: 3 }), newLine, fc.boolean())

describe('a long configuration in YAML whose keys and bindings stand on a line each', () => {
  test('is read without the library for these, as the library reads it', () => {
    const read = readPlainYaml(plain + bound, 100)
    expect(read).toEqual(readByLibrary(plain + bound).raw)
    expect(JSON.stringify(read)).toBe(JSON.stringify(readByLibrary(plain + bound).raw))
  })

  test('is read so only where the library would find nothing wrong with it, and nothing else in it', () => {
    let plainOnes = 0
    fc.assert(
      fc.property(file, ([before, sections, lineEnd, ends]) => {
        const lines = [...before, ...sections.flatMap(([head, entries]) => [head, ...entries])]
        const text = `version: 1${lineEnd}${lines.join(lineEnd)}${ends ? lineEnd : ''}`
        const read = readPlainYaml(text, 100)
        if (read === undefined) return
        plainOnes += 1
        const { raw, problems } = readByLibrary(text)
        expect(problems).toEqual([])
        expect(read).toEqual(raw)
        expect(JSON.stringify(read)).toBe(JSON.stringify(raw))
      }),
      { numRuns: 3000 },
    )
    expect(plainOnes).toBeGreaterThan(50)
  })

  test.each<[what: string, text: string]>([
    ['a key stands there twice', `${plain}  acme: { gateway: main, secret: { env: KEY } }\n${bound}`],
    ['keys stand there twice', `${plain}${bound}${plain.slice(top.length)}`],
    ['they are within a text', `text: "\n${plain}"\n`],
    ['they are within a list', `list: [\n${plain}\n]\n`],
    ['a line belongs to the last entry', `${plain}   more: 1\n${bound}`],
    ['an alias comes before its anchor', `${plain}again: *later\nanchor: &later x\n`],
    ['a directive has another version', `%YAML 1.1\n---\n${plain}`],
    ['lines end as on Windows', plain.replaceAll('\n', '\r\n')],
  ])('is left to the library if %s', (_, text) => {
    expect(readPlainYaml(text, 100)).toBeUndefined()
  })

  test('takes a fraction of the time', async () => {
    const many = Array.from({ length: 900 }, (_, index) => index)
    const keys = many.map((index) => `  key-${index}: { gateway: main, secret: { env: KEY_${index} } }\n`).join('')
    const bindings = many.map((index) => `  - { user: user-${index}, key: key-${index} }\n`).join('')
    const path = join(folder, 'long.yaml')
    const cpuMs = (text: string): Promise<number> => {
      writeFileSync(path, text)
      return leastCpuMs(() => expect(readYaml(path).problems).toEqual([]), 2)
    }
    const asUsual = await cpuMs(`${top}keys:\n${keys}bindings:\n${bindings}`)
    // One entry that is written in another way, so the library reads all of its list.
    const otherwise = await cpuMs(
      `${top}keys:\n  "first": { gateway: main, secret: { env: KEY } }\n${keys}bindings:\n  - { "user": a, key: first }\n${bindings}`,
    )
    expect(asUsual).toBeLessThan(otherwise / 3)
  })
})
