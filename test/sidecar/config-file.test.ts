import { issueKey } from '@postern/emulator'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { runInProcess } from '../support/run-in-process.js'

let file: string
beforeAll(() => {
  file = join(mkdtempSync(join(tmpdir(), 'postern-config-file-')), 'postern.yaml')
})
afterAll(() => rmSync(join(file, '..'), { recursive: true }))

const env = { JOY_KEY_ACME: issueKey('joytoken').secret, RING: `agent:${'5'.repeat(64)}` }

const secret = { env: 'JOY_KEY_ACME' }
const good = {
  version: 1,
  gateways: { main: { dialect: 'joytoken' } },
  keys: { acme: { gateway: 'main', secret } },
  bindings: [{ team: 'acme', key: 'acme' }],
  callers: { service: { hashes: { env: 'RING' }, principals: { agent: { user: 'svc', team: 'acme' } } } },
}

const joy = issueKey('joytoken').secret

describe('a file with a key in it', () => {
  const broken: readonly (readonly [string, string])[] = [
    ['breaks off inside of quotes', `version: 1\nkeys: { acme: { gateway: main, secret: "${joy} }\nx: [`],
    ['has the key as an alias', `version: 1\nkeys:\n  acme: *${joy}\n`],
    ['has the key as an alias among good settings', `${JSON.stringify(good).slice(0, -1)}, "x": *${joy} }`],
    ['has the key twice as a name', `version: 1\n${joy}: 1\n${joy}: 2\n`],
    ['has the key as a tag', `version: !${joy} 1\n`],
    ['has the key as a directive', `%${joy} 1\n---\nversion: 1\n`],
    ['has the key as a name that is a list', `version: 1\n? [${joy}]\n: 1\n`],
    ['has the key as the name of a variable', JSON.stringify({ ...good, keys: { acme: { gateway: 'main', secret: { env: joy } } } })],
  ]
  const commands = [['check'], ['check', '--json'], ['start'], ['explain', '--team', 'acme'], ['callers', 'list']]

  test.each(broken)('is told of by no command with the key, where it %s', async (_, text) => {
    writeFileSync(file, text)
    const warned = vi.spyOn(process, 'emitWarning')
    for (const words of commands) {
      const { code, stdout, stderr } = await runInProcess([...words, '--config', file], { env })
      expect(`${stdout}${stderr}`).not.toContain(joy)
      if (words[0] !== 'callers') expect([words, code]).toEqual([words, 1])
    }
    expect(warned).not.toHaveBeenCalled()
  })

  test.each([[[]], [['--json']]])(
    'is refused without it, where an alias is a key, since aliases are told to callers: %j',
    async (options) => {
      writeFileSync(file, JSON.stringify({ ...good, keys: { [joy]: { gateway: 'main', secret } }, bindings: [{ team: 'acme', key: joy }] }))
      const { code, stdout, stderr } = await runInProcess(['explain', '--team', 'acme', '--config', file, ...options], { env })
      expect([code, `${stdout}${stderr}`]).toEqual([1, expect.stringContaining('keys')])
      expect(`${stdout}${stderr}`).not.toContain(joy)
    },
  )
})

describe('an alias of nothing', () => {
  test.each([
    ['policies:\n  rules:\n    - { team: acme, models: [ auto, *-mini ] }', 4, '*-mini'],
    ['keys: { a: *b }', 2, '*b'],
    ['<<: *x', 2, '*x'],
    ['*y : 1', 2, '*y'],
    ['x: *late\ny: &late 1', 2, '*late'],
    ['x: &other 1\ny:\n  - [[{ z: *4o }]]', 4, '*4o'],
  ])('is told of with its line and how it is written: %j', async (text, line, alias) => {
    writeFileSync(file, `version: 1\n${text}\n`)
    for (const words of [['check'], ['start'], ['callers', 'list']]) {
      const { code, stderr } = await runInProcess([...words, '--config', file], { env })
      expect(code).toBe(1)
      expect(stderr).toContain(`  line ${line}: "${alias}" reads as a YAML alias, and no anchor "&${alias.slice(1)}" stands before it.`)
      expect(stderr).toContain(`If it is a text, write it in quotes: "${alias}".`)
    }
  })

  test('is told of wherever it stands, all at once', async () => {
    writeFileSync(file, 'version: 1\nx: *a\ny: &b 1\nz: [*b, *c]\n')
    const { stdout } = await runInProcess(['check', '--json', '--config', file], { env })
    expect((JSON.parse(stdout) as { problems: { path: string }[] }).problems.map(({ path }) => path)).toEqual(['line 2', 'line 4'])
  })
})

describe('a file that stands for far more than is written', () => {
  const nine = (alias: string): string => `[${Array.from({ length: 9 }, () => alias).join(', ')}]`
  test.each([
    ['lists of lists', `a: &a ${nine('x')}\nb: &b ${nine('*a')}\nc: &c ${nine('*b')}\nd: &d ${nine('*c')}\ne: ${nine('*d')}`],
    ['maps of maps', `a: &a { x: 1 }\nb: &b { k: *a, l: *a }\nc: ${Array.from({ length: 120 }, () => '\n  - *b').join('')}`],
  ])('is refused in a sentence: %s', async (_, text) => {
    writeFileSync(file, `version: 1\n${text}\n`)
    const { code, stderr } = await runInProcess(['check', '--config', file], { env })
    expect([code, stderr]).toEqual([1, expect.stringMatching(/has a problem:\n {2}configuration: stands for far more than is written\. /)])
  })
})

test('an alias of what stands before it is good, and so is a ring of them told of', async () => {
  writeFileSync(
    file,
    JSON.stringify(good)
      .replace('"gateway":"main"', '"gateway": &g main')
      .replace('"bindings":', '"bindings": ')
      .replace('"team":"acme","key":"acme"', '"team": &t acme, "key": *t'),
  )
  expect(await runInProcess(['check', '--config', file], { env })).toMatchObject({ code: 0 })
  writeFileSync(file, 'version: 1\nkeys: &a { acme: *a }\n')
  expect(await runInProcess(['check', '--config', file], { env })).toMatchObject({ code: 1 })
})
