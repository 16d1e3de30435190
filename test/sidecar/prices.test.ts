import { hash } from 'node:crypto'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runInProcess } from '../support/run-in-process.js'
import { type Finished, type RunningPostern, runPostern, startPostern } from '../support/run-postern.js'

const config = `
version: 1
listen: { port: 0 }
admin: { socket: ./admin.sock }
gateways:
  joy: { dialect: joytoken }
  ony: { dialect: onysoft }
keys:
  acme: { gateway: joy, secret: { env: JOY } }
  globex: { gateway: ony, secret: { env: ONY }, currency: TL }
bindings:
  - { team: acme, key: acme }
  - { team: globex, key: globex }
callers:
  service: { hashes: { env: RING }, principals: { agent: { team: acme } } }
policies:
  rules:
    - { team: acme, models: [auto, 'openai/*'] }
    - { team: globex, models: [openai/gpt-4o-mini] }
limits:
  prices: ./prices.yaml
reload: { watch: true }
`

const prices = `version: "2026-11"
markups:
  ony: { globex: 1.3 }
prices:
  - { gateway: joy, model: auto, unit: credits, perCall: 3 }
  - gateway: joy
    model: openai/*
    unit: credits
    perMillion: { input: 2.5, output: 10, cached: 1.25 }
    maxOutput: 16384
  - { gateway: ony, model: '*', unit: TL, perMillion: { input: 6.3, output: 25.2 } }
`

const env = { JOY: 'jt_0123456789abcdef', ONY: `sk-ony-${'0'.repeat(48)}`, RING: `agent:${hash('sha256', 'a credential')}` }

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-prices-'))
  write('postern.yaml', config)
  write('prices.yaml', prices)
})
afterEach(() => rmSync(cwd, { recursive: true }))

/** Writes a file as programs do: whole, under another name first. */
function write(name: string, text: string): void {
  writeFileSync(join(cwd, `${name}.new`), text)
  renameSync(join(cwd, `${name}.new`), join(cwd, name))
}

/** Without any secret in the environment. */
const check = (...options: string[]): Promise<Finished> => runInProcess(['prices', 'check', ...options], { cwd })

interface Told {
  readonly ok: boolean
  readonly unpriced: readonly { readonly path: string }[]
  readonly notes: readonly { readonly path: string; readonly reason: string }[]
}

async function tell(): Promise<Told & { readonly code: number | null }> {
  const { code, stdout, stderr } = await check('--json')
  expect(stderr).toBe('')
  return { code, ...(JSON.parse(stdout) as Told) }
}

const pathsOf = (findings: readonly { readonly path: string }[]): readonly string[] => findings.map(({ path }) => path)

describe('postern prices check', () => {
  test('prints each entry with its prices, and ends with 0 where everything that is named has one, without any secret', async () => {
    const { code, stdout, stderr } = await runPostern(['prices', 'check'], { cwd })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/│ joy +│ openai\/\* +│ any +│ credits +│ a million tokens: input 2\.5, output 10, cached 1\.25/)
    expect(stdout).toMatch(/│ ony +│ \* +│ any +│ TRY +│ a million tokens: input 6\.3, output 25\.2/)
    expect(stdout).toContain('Times, at ony: globex 1.3.')
    expect(stdout).toContain('Version 2026-11: everything that the configuration names has a price.')
  })

  test('prints the same as data, with amounts as decimals in text', async () => {
    expect(await tell()).toMatchObject({
      code: 0,
      ok: true,
      version: '2026-11',
      difference: 0.05,
      markups: { ony: { globex: '1.3' } },
      prices: [
        { gateway: 'joy', model: 'auto', unit: 'credits', perCall: '3' },
        { perMillion: { input: '2.5', output: '10', cached: '1.25' }, maxOutput: 16_384 },
        { unit: 'TRY', perMillion: { input: '6.3', output: '25.2' } },
      ],
      unpriced: [],
      notes: [],
    })
  })

  test('names on stderr the models, gateways and keys without a price, and ends with 1', async () => {
    write('prices.yaml', 'version: "1"\nprices:\n  - { gateway: joy, model: auto, unit: credits, perCall: 3 }\n')
    const { code, stderr } = await check()
    expect(code).toBe(1)
    expect(stderr).toContain('gateways.ony: has no price at all.')
    expect(stderr).toContain('policies.rules[0].models[1]: names "openai/*", which has no price.')
    write('prices.yaml', prices.replace('unit: TL', 'unit: USD'))
    expect(pathsOf((await tell()).unpriced)).toEqual(['keys.globex'])
  })

  test('tells of entries that no call meets, of those that others hide, and of markups for no key, and ends with 0', async () => {
    const further = `
  - { gateway: joy, model: openai/gpt-4o, tier: premium, unit: credits, perCall: 9 }
  - { gateway: gone, model: a, unit: USD, perCall: 1 }
  - { model: openai/gpt-4o, unit: TRY, perCall: 1 }
  - { gateway: joy, model: 'open*', unit: credits, perCall: 1 }
`
    write('prices.yaml', prices.replace('globex: 1.3', 'nobody: 1.3') + further)
    write(
      'postern.yaml',
      config.replace('- { team: globex, key: globex }', '- { team: globex, key: globex }\n  - { team: labs, key: globex }'),
    )
    const { code, notes } = await tell()
    expect(code).toBe(0)
    expect(Object.fromEntries(notes.map(({ path, reason }) => [path, reason]))).toEqual({
      'markups.ony.nobody': 'is for a key that "ony" has not.',
      'keys.globex': expect.stringContaining('has no markup, and other keys of "ony" have one'),
      'prices[4]': 'is for the gateway "gone", which no key leads to.',
    })
    write(
      'postern.yaml',
      config
        .replace(/ {2}joy: .*\n/, '')
        .replace(/ {2}acme: .*\n/, '')
        .replace(/ {2}- \{ team: acme, key.*\n/, '')
        .replace(/ {4}- \{ team: acme.*\n/, ''),
    )
    const alone = await tell()
    expect(alone.notes).toContainEqual({ path: 'prices[5]', reason: expect.stringContaining('is hidden by prices[2]') })
    expect(alone.notes).toContainEqual({ path: 'prices[0]', reason: expect.stringContaining('"joy", which no key leads to') })
  })

  test('takes the keys of a ring for keys of any gateway of the configuration', async () => {
    write(
      'postern.yaml',
      `
version: 1
store: { sqlite: ./postern.db }
keyRing: { masterKeys: [{ id: k1, secret: { env: MASTER } }] }
gateways:
  joy: { dialect: joytoken }
  ony: { dialect: onysoft }
keys: {}
bindings: []
callers:
  service: { hashes: { env: RING }, principals: { agent: { team: acme } } }
policies: { models: [auto, other] }
limits: { prices: ./prices.yaml }
`,
    )
    write(
      'prices.yaml',
      `version: "2026-11"
markups:
  joy: { tenant-6: 1.3 }
prices:
  - { model: auto, unit: credits, perCall: 3 }
  - { gateway: joy, model: other, unit: credits, perCall: 3 }
  - { gateway: gone, model: auto, unit: credits, perCall: 3 }
`,
    )
    expect(await tell()).toMatchObject({
      ok: true,
      code: 0,
      unpriced: [],
      notes: [
        { path: 'policies.models[1]', reason: 'names "other", which has no price at "ony".' },
        { path: 'prices[2]', reason: 'is for the gateway "gone", which no key leads to.' },
      ],
    })
  })

  test('says of what a policy does not allow, and of models of which only some have a price', async () => {
    write('postern.yaml', config.replace('policies:\n', 'policies:\n  models: [auto, "openai/*"]\n'))
    write('prices.yaml', `${prices.replace('openai/*', 'openai/gpt-*')}  - { gateway: joy, model: claude, unit: credits, perCall: 1 }\n`)
    const { notes, code } = await tell()
    expect(code).toBe(0)
    expect(notes).toContainEqual({ path: 'prices[3]', reason: 'is for "claude", which policies.models does not allow.' })
    expect(notes).toContainEqual({
      path: 'policies.rules[0].models[1]',
      reason: expect.stringContaining('only some have a price at "joy"'),
    })
  })

  test.each<[what: string, text: string | undefined, told: RegExp]>([
    ['is not YAML', 'version: [', /\.\/prices\.yaml line \d/],
    ['says a member twice', `${prices}version: "2"\n`, /\.\/prices\.yaml line \d+/],
    [
      'has a member that is not known',
      prices.replace('maxOutput', 'maxOutptu'),
      /\.\/prices\.yaml line 10: prices\[1\]\.maxOutptu: is not a setting\. Did you mean "maxOutput"\?/,
    ],
    [
      'has an entry for the same calls',
      `${prices}  - { gateway: joy, model: auto, unit: credits, perCall: 4 }\n`,
      /line 12: prices\[3\]: is for the same calls as prices\[0\]/,
    ],
    ['is empty', '', /prices\.yaml is empty/],
    ['is not there', undefined, /There is no price file at/],
  ])('and every other command refuse a file that %s, with its path and line', async (_, text, told) => {
    if (text === undefined) rmSync(join(cwd, 'prices.yaml'))
    else write('prices.yaml', text)
    const { code, stderr } = await check()
    expect(code).toBe(1)
    expect(stderr).toMatch(told)
    const whole = await runInProcess(['check'], { cwd, env })
    expect(whole.code).toBe(1)
    expect(whole.stderr).toMatch(told)
  })

  test('refuses a configuration that names no prices, and wrong usage with 2', async () => {
    write('postern.yaml', config.replace('  prices: ./prices.yaml', '  rules: []'))
    expect(await check()).toMatchObject({ code: 1, stderr: expect.stringContaining('names no prices') })
    expect(await check('--nonsense')).toMatchObject({ code: 2 })
    expect(await runInProcess(['prices'], { cwd })).toMatchObject({ code: 2 })
  })

  test('teaches with --help what it ends with and what a file looks like', async () => {
    const { code, stdout } = await check('--help')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Usage: postern prices check/)
    expect(stdout).toMatch(/Ends with 1/)
    expect(stdout).toMatch(/perMillion/)
  })
})

describe('a price file that changes while Postern runs', () => {
  let running: RunningPostern | undefined
  afterEach(async () => {
    running?.child.kill('SIGKILL')
    await running?.finished
  })

  const lines = (message: string): readonly Record<string, unknown>[] =>
    (running as RunningPostern)
      .stdout()
      .split('\n')
      .filter((line) => line.includes(`"msg":"${message}"`))
      .map((line) => JSON.parse(line) as Record<string, unknown>)

  async function start(): Promise<void> {
    running = startPostern(['start'], { cwd, env })
    await running.prints(/"msg":"listening"/)
  }

  const reload = (): Promise<Finished> => runInProcess(['reload', '--json'], { cwd })

  test('is read again by a reload: a change is told as one that may let more through, and a broken file is refused', async () => {
    write('postern.yaml', config.replace('watch: true', 'watch: false'))
    await start()
    expect(JSON.parse((await reload()).stdout)).toMatchObject({ taken: true, changes: [] })
    write('prices.yaml', prices.replace('input: 2.5', 'input: 2'))
    expect(JSON.parse((await reload()).stdout)).toMatchObject({
      taken: true,
      changes: [{ path: 'limits.prices', what: 'changed', laxer: true }],
    })
    write('prices.yaml', prices.replace('unit: TL', 'unit: UDS'))
    const refused = await reload()
    expect(refused.code).toBe(1)
    expect(JSON.parse(refused.stdout)).toMatchObject({ taken: false, problems: [{ path: './prices.yaml line 11: prices[2].unit' }] })
    write('prices.yaml', prices)
    expect(JSON.parse((await reload()).stdout)).toMatchObject({ taken: true, changes: [{ path: 'limits.prices' }] })
  })

  test('is followed with reload.watch: a broken file is refused once, and the next good one is taken', async () => {
    await start()
    await wait(1500)
    write('prices.yaml', 'version: [')
    await expect.poll(() => lines('configuration_refused').length, { timeout: 20_000 }).toBe(1)
    write('prices.yaml', prices.replace('2026-11', '2026-12'))
    await expect.poll(() => lines('configuration_taken').length, { timeout: 20_000 }).toBe(1)
    expect(lines('configuration_refused')).toHaveLength(1)
    expect(lines('configuration_taken')).toMatchObject([{ by: 'watch', changed: 'limits.prices', laxer: 'limits.prices' }])
  })

  test('is not read again where secrets alone are: they are taken with the prices in use', async () => {
    write('key', env.JOY)
    write('postern.yaml', config.replace('{ env: JOY }', '{ file: ./key }').replace('watch: true', 'watch: false'))
    await start()
    await wait(1500)
    write('prices.yaml', 'version: [')
    write('key', 'jt_another_key_0123456789')
    await expect.poll(() => lines('configuration_taken').length, { timeout: 20_000 }).toBe(1)
    expect(lines('configuration_taken')).toMatchObject([{ by: 'secret file', changed: 'keys.acme.secret' }])
    expect(lines('configuration_refused')).toEqual([])
  })
})
