import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Problem } from '@postern/config'
import { transformSync } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const src = join(root, 'packages/config/src')

/** The one line, and the line of the same file that it stands behind. */
const line = "      haste: duration.default(2000).describe('how fast it is; a setting of a test'),"
const behind = "      deadline: duration.default(30_000).describe('how long open streams may take when the process is told to stop'),"

/** What the copy of the package makes of itself. */
interface Found {
  readonly page: string
  readonly schema: unknown
  readonly paths: readonly string[]
  readonly problems: Readonly<Record<'written' | 'misspelt' | 'wrong', readonly Problem[]>>
  readonly filledIn: unknown
  readonly changes: readonly unknown[]
  /** What is said where a setting has no meaning. */
  readonly refusals: readonly string[]
}

/** A copy of the package with the line, compiled. */
function copyWithTheLine(): string {
  const copy = mkdtempSync(join(tmpdir(), 'postern-setting-'))
  cpSync(src, join(copy, 'src'), { recursive: true })
  const file = join(copy, 'src/schema.ts')
  const text = readFileSync(file, 'utf8')
  expect(text.split(behind).length).toBe(2)
  writeFileSync(file, text.replace(behind, `${behind}\n${line}`))
  symlinkSync(join(root, 'packages/config/node_modules'), join(copy, 'node_modules'), 'junction')
  writeFileSync(join(copy, 'package.json'), '{ "type": "module" }')
  for (const name of readdirSync(join(copy, 'src'))) {
    const { code } = transformSync(readFileSync(join(copy, 'src', name), 'utf8'), { loader: 'ts', format: 'esm' })
    writeFileSync(join(copy, name.replace(/\.ts$/, '.js')), code)
  }
  return copy
}

function lookInto(copy: string): Found {
  const url = (...parts: string[]) => JSON.stringify(pathToFileURL(join(...parts)).href)
  const program = `
    import { createConfigSchema } from ${url(copy, 'schema.js')}
    import { checkConfig } from ${url(copy, 'check-config.js')}
    import { settingPaths } from ${url(root, 'scripts/settings.mjs')}
    import { settingsPage } from ${url(root, 'scripts/settings-page.mjs')}
    import { settingsSchema } from ${url(root, 'scripts/settings-schema.mjs')}
    import { changesBetween } from ${url(root, 'packages/instance/dist/changes/changes.js')}
    import { dialects } from ${url(root, 'packages/gateways/dist/index.js')}
    const schema = createConfigSchema(Object.keys(dialects))
    const nothingSaid = schema.extend({ silent: schema.shape.replicas.unwrap() })
    const refusalOf = (make) => { try { make() } catch (error) { return error.message } }
    const config = (shutdown) => ({
      version: 1,
      gateways: { main: { dialect: 'joytoken' } },
      keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
      bindings: [{ team: 'acme', key: 'acme' }],
      callers: { session: { secret: { env: 'SESSION' } } },
      shutdown,
    })
    const check = (shutdown) =>
      checkConfig(config(shutdown), { env: { KEY: 'jt_0123456789abcdef', SESSION: 's'.repeat(32) }, directory: '.' })
    const [before, after] = [check({}), check({ haste: '3s' })]
    process.stdout.write(JSON.stringify({
      page: settingsPage(schema),
      schema: settingsSchema(schema),
      paths: settingPaths(schema),
      problems: { written: after.problems, misspelt: check({ hast: '3s' }).problems, wrong: check({ haste: 3 }).problems },
      filledIn: before.checked.config.shutdown,
      changes: changesBetween(before.checked, after.checked),
      refusals: [settingsPage, settingsSchema].map((make) => refusalOf(() => make(nothingSaid))),
    }))`
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })) as Found
}

describe('a setting that is added by one line of one file', () => {
  let copy: string
  let found: Found
  beforeAll(() => {
    copy = copyWithTheLine()
    found = lookInto(copy)
  })
  afterAll(() => rmSync(copy, { recursive: true }))

  test('is on the page of settings, with its kind, its default and what it means', () => {
    expect(found.page).toContain('| `shutdown.haste` | a time | `2s` | how fast it is; a setting of a test |')
    expect(found.paths).toContain('shutdown.haste')
  })

  test('changes nothing else of that page', () => {
    const rows = found.page.split('\n').filter((row) => !row.includes('`shutdown.haste`'))
    expect(rows.join('\n')).toBe(readFileSync(join(root, 'docs/settings.md'), 'utf8'))
  })

  test('is in the JSON schema, strictly', () => {
    expect(found.schema).toMatchObject({
      properties: {
        shutdown: {
          additionalProperties: false,
          properties: { haste: { type: 'string', default: '2s', description: 'how fast it is; a setting of a test; a time' } },
        },
      },
    })
  })

  test('is taken, filled in and explained by check', () => {
    expect(found.problems.written).toEqual([])
    expect(found.filledIn).toEqual({ deadline: 30_000, haste: 2000 })
    expect(found.problems.misspelt).toMatchObject([{ path: 'shutdown.hast', fix: 'Did you mean "haste"?' }])
    expect(found.problems.wrong).toMatchObject([{ path: 'shutdown.haste', reason: 'is 3, without a unit.' }])
  })

  test('is marked as one that may let more through when it changes', () => {
    expect(found.changes).toEqual([{ path: 'shutdown.haste', what: 'changed', laxer: true }])
  })

  test('is asked for its meaning where the line has none', () => {
    const refusal = `packages/config/src does not describe "silent": add .describe('…') to it.`
    expect(found.refusals).toEqual([refusal, refusal])
  })
})
