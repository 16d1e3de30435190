import { hash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runInProcess } from '../support/run-in-process.js'
import type { Finished } from '../support/run-postern.js'

let cwd: string
const env = {
  MASTER: randomBytes(32).toString('base64url'),
  FILE_KEY: 'sk_of_the_configuration_012345',
  NEW: 'sk_of_the_ring_0123456789abcd',
  SESSION: randomBytes(32).toString('base64url'),
  RING: ['agent', 'app'].map((label) => `${label}:${hash('sha256', `credential of ${label}`)}`).join(','),
}
const config = {
  version: 1,
  store: { sqlite: './postern.db' },
  keyRing: { masterKeys: [{ id: 'k1', secret: { env: 'MASTER' } }] },
  gateways: { main: { dialect: 'joytoken' } },
  keys: { 'of-file': { gateway: 'main', secret: { env: 'FILE_KEY' } } },
  bindings: [
    { team: 'acme', key: 'of-file' },
    { service: 'app', key: 'of-file' },
  ] as readonly object[],
  callers: {
    session: { secret: { env: 'SESSION' } },
    service: { hashes: { env: 'RING' }, principals: { agent: { user: 'svc', team: 'acme' }, app: { delegate: true } } },
  },
}
const run = (...args: readonly string[]): Promise<Finished> => runInProcess([...args, '--config', 'postern.json'], { cwd, env })
const explain = async (...args: readonly string[]) => {
  const { stdout } = await run('explain', '--model', 'auto', '--json', ...args)
  const { key, binding, bindings, binding_by_header } = JSON.parse(stdout) as Readonly<Record<string, unknown>>
  return { key, binding, bindings: (bindings as readonly { binding: string }[]).map((each) => each.binding), byHeader: binding_by_header }
}
const write = (bindings: readonly object[]): void => writeFileSync(join(cwd, 'postern.json'), JSON.stringify({ ...config, bindings }))

beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-bound-labels-'))
  write(config.bindings)
})
afterAll(() => rmSync(cwd, { recursive: true }))

describe('a binding of the ring by label or workflow', () => {
  test('is added, bound, imported and taken away by the commands', async () => {
    const added = await run('keys', 'add', 'nightly', '--gateway', 'main', '--workflow', 'night-*', '--secret-env', 'NEW')
    expect([added.code, added.stdout]).toEqual([0, expect.stringContaining('workflow=night-* uses it')])
    expect((await run('keys', 'bind', 'nightly', '--service', 'agent', '--team', 'acme')).stdout).toContain(
      'team=acme service=agent uses nightly',
    )
    writeFileSync(
      join(cwd, 'more.csv'),
      'alias,gateway,secret,team,service,workflow\nfirst,main,sk_of_the_ring_first_012345,acme,,night-4*\nsecond,main,sk_of_the_ring_second_01234,,agent,\n',
    )
    writeFileSync(
      join(cwd, 'more.jsonl'),
      `${JSON.stringify({ alias: 'third', gateway: 'main', secret: 'sk_of_the_ring_third_012345', bind: [{ workflow: 'day-1' }, { user: 'u', service: 'app' }] })}\n`,
    )
    for (const file of ['more.csv', 'more.jsonl']) expect(await run('keys', 'import', file)).toMatchObject({ code: 0, stderr: '' })
    const listed = JSON.parse((await run('keys', 'list', '--json')).stdout) as { keys: { alias: string; bindings: string[] }[] }
    expect(Object.fromEntries(listed.keys.map(({ alias, bindings }) => [alias, bindings]))).toEqual({
      'of-file': ['team=acme', 'service=app'],
      first: ['team=acme workflow=night-4*'],
      nightly: expect.arrayContaining(['workflow=night-*', 'team=acme service=agent']),
      second: ['service=agent'],
      third: expect.arrayContaining(['workflow=day-1', 'user=u service=app']),
    })
    expect((await run('keys', 'unbind', '--workflow', 'day-1')).stdout).toContain('Unbound: workflow=day-1')
    expect((await run('keys', 'unbind', '--workflow', 'day-1')).stderr).toContain('workflow=day-1 is not bound by the ring')
  })

  test.each([
    ['both', ['--service', 'agent', '--workflow', 'night'], 'names a service label or a workflow, and not both'],
    ['no pattern', ['--workflow', 'n*ght'], 'is no id of a workflow'],
  ])('is refused where no caller can have it: %s', async (_, words, told) => {
    const { code, stderr } = await run('keys', 'bind', 'nightly', ...words)
    expect([code, stderr]).toEqual([1, expect.stringContaining(told)])
  })

  test('stands in its place in what explain tells, with those before which it counts', async () => {
    expect(await explain('--team', 'acme', '--workflow', 'night-42')).toEqual({
      key: 'first',
      binding: 'team=acme workflow=night-4* (ring)',
      bindings: ['team=acme workflow=night-4* (ring)', 'workflow=night-* (ring)', 'team=acme'],
      byHeader: 'team=acme',
    })
    expect(await explain('--team', 'globex', '--workflow', 'night-1')).toMatchObject({ key: 'nightly', byHeader: 'none' })
    expect(await explain('--service', 'agent')).toEqual({
      key: 'nightly',
      binding: 'team=acme service=agent (ring)',
      bindings: ['team=acme service=agent (ring)', 'service=agent (ring)', 'team=acme'],
      byHeader: undefined,
    })
    expect(await explain('--service', 'app', '--team', 'acme')).toMatchObject({ key: 'of-file', bindings: ['team=acme', 'service=app'] })
    expect(await explain('--service', 'app', '--user', 'u')).toMatchObject({ key: 'third', binding: 'user=u service=app (ring)' })
    const { stdout } = await run('explain', '--team', 'acme', '--workflow', 'night-42', '--model', 'auto')
    expect(stdout).toMatch(/before +│ workflow=night-\* \(ring\) \(key nightly\), then team=acme \(key of-file\)/)
    expect(stdout).toMatch(/by header +│ binding team=acme, if no session token vouches for the workflow/)
  })

  test('is not explained for a service caller who calls for nobody but itself, or who would have a workflow', async () => {
    expect((await run('explain', '--service', 'agent', '--team', 'globex')).stderr).toContain('does not call for others')
    expect((await run('explain', '--service', 'agent', '--workflow', 'night')).stderr).toContain('Leave one out')
  })
})

describe('a binding of the configuration by label or workflow', () => {
  const checkOf = async (bindings: readonly object[], without: Partial<typeof config.callers> = {}) => {
    const callers = { ...config.callers, ...without }
    writeFileSync(join(cwd, 'checked.json'), JSON.stringify({ ...config, callers, bindings }))
    const { code, stdout, stderr } = await runInProcess(['check', '--config', 'checked.json'], { cwd, env })
    return { code, told: stdout + stderr }
  }

  test('is good in every combination that a caller can have', async () => {
    const bindings = [
      { service: 'agent' },
      { service: 'agent', team: 'acme' },
      { workflow: 'night-*' },
      { workflow: 'night-*', user: 'u' },
      { workflow: '*' },
    ]
    const { code, told } = await checkOf(bindings.map((binding) => ({ ...binding, key: 'of-file' })))
    expect([code, told]).toEqual([0, expect.not.stringMatching(/workflow:|service:/)])
  })

  test.each([
    [[{ service: 'agent', workflow: 'night', key: 'of-file' }], 1, 'bindings[0]: names a service caller and a workflow'],
    [[{ workflow: 'n*t', key: 'of-file' }], 1, 'bindings[0].workflow: is not a workflow'],
    [
      [
        { workflow: 'night-*', key: 'of-file' },
        { workflow: 'night-*', key: 'of-file' },
      ],
      1,
      'is for the same caller as bindings[0] (workflow=night-*)',
    ],
    [[{ service: 'agent', default: true, key: 'of-file' }], 1, 'is for somebody and for everybody at once'],
    [[{ service: 'agnet', key: 'of-file' }], 0, 'Did you mean "agent"?'],
    [[{ service: 'unheard-of-thing', key: 'of-file' }], 0, 'has no credential in callers.service.hashes, so nobody is led to the key'],
  ])('is told to the operator where it cannot work: %j', async (bindings, code, told) => {
    expect(await checkOf(bindings)).toEqual({ code, told: expect.stringContaining(told) })
  })

  test('by workflow is told to lead nobody to a key where there are no session tokens', async () => {
    const { told } = await checkOf([{ workflow: 'night-*', key: 'of-file' }], { session: undefined as never })
    expect(told).toContain('bindings[0].workflow: leads nobody to the key')
  })

  test('warns of two keys that hold one secret, whoever uses them', async () => {
    const twins = {
      ...config,
      keys: { one: { gateway: 'main', secret: { env: 'FILE_KEY' } }, two: { gateway: 'main', secret: { env: 'FILE_KEY' } } },
    }
    writeFileSync(join(cwd, 'checked.json'), JSON.stringify({ ...twins, bindings: [{ team: 'acme', key: 'one' }] }))
    const { stdout, stderr } = await runInProcess(['check', '--config', 'checked.json'], { cwd, env })
    expect(stdout + stderr).toContain('keys.two: has the same secret as keys.one: to the gateway the two are one key')
    expect(readFileSync(join(cwd, 'checked.json'), 'utf8')).not.toContain(env.FILE_KEY)
  })

  test('has several tenants under it where an application or a workflow of anybody leads to the key, so nothing is stored there', async () => {
    const storing = { ...config, gateways: { main: { dialect: 'openai', baseURL: 'https://gateway.example.com/v1' } } }
    const warned = async (binding: object) => {
      writeFileSync(join(cwd, 'checked.json'), JSON.stringify({ ...storing, bindings: [{ ...binding, key: 'of-file' }] }))
      const { stdout, stderr } = await runInProcess(['check', '--config', 'checked.json'], { cwd, env })
      return (stdout + stderr).includes('is used by several tenants')
    }
    expect(await Promise.all([{ workflow: 'night-*' }, { service: 'app' }].map(warned))).toEqual([true, true])
    expect([await warned({ service: 'agent' }), await warned({ workflow: 'night-*', team: 'acme' })]).toEqual([false, false])
  })
})
