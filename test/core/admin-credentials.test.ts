import { hash } from 'node:crypto'
import { checkConfig, type ConfigInput } from '@postern/config'
import { changesBetween } from '../../packages/instance/src/changes/changes.js'
import { fixedSettingsChanged } from '../../packages/instance/src/changes/fixed-settings.js'
import { describe, expect, test } from 'vitest'

const ofAgent = hash('sha256', 'the credential of an agent')
const env = { KEY: 'sk_a_key_of_the_gateway', RING: `agent:${ofAgent}`, ADMIN: 'an-admin-secret-of-many-letters' }
const one = hash('sha256', 'one')
const two = hash('sha256', 'two')

type Admin = NonNullable<ConfigInput['admin']>

function check(admin: unknown) {
  const config = {
    version: 1,
    admin,
    gateways: { main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1' } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { service: { hashes: { env: 'RING' }, principals: { agent: { team: 'acme' } } } },
  }
  return checkConfig(config, { env, directory: process.cwd() })
}

function checked(admin: Admin) {
  const { checked: good, problems } = check(admin)
  if (good === undefined) throw new Error(JSON.stringify(problems))
  return good
}

const withCredentials = (credentials: Record<string, unknown>, further: object = {}) =>
  ({ socket: './s', ...further, credentials }) as Admin

describe('admin.credentials', () => {
  test('are taken with the hash in any case, and a port that has them needs no secret', () => {
    const admin = { port: 0, credentials: { ops: { hash: one.toUpperCase(), roles: ['read', 'sessions', 'keys', 'config'] } } }
    const { problems, checked: good } = check(admin)
    expect(problems).toEqual([])
    expect(good?.config.admin?.credentials?.['ops']?.hash).toBe(one)
  })

  test.each<[what: string, admin: Admin, path: string, reason: RegExp]>([
    [
      'a credential in place of its hash',
      withCredentials({ ops: { hash: 'hunter2', roles: ['read'] } }),
      'ops.hash',
      /64 hexadecimal digits/,
    ],
    [
      'the digest of a documented example',
      withCredentials({ ops: { hash: hash('sha256', 'test'), roles: ['read'] } }),
      'ops.hash',
      /example/,
    ],
    ['the hash of a service caller', withCredentials({ ops: { hash: ofAgent, roles: ['read'] } }), 'ops.hash', /service caller "agent"/],
    [
      'the hash of the admin secret',
      withCredentials({ ops: { hash: hash('sha256', env.ADMIN), roles: ['read'] } }, { secret: { env: 'ADMIN' } }),
      'ops.hash',
      /of admin\.secret/,
    ],
    [
      'one hash under two names',
      withCredentials({ ops: { hash: one, roles: ['read'] }, ci: { hash: one, roles: ['config'] } }),
      'ci.hash',
      /admin\.credentials\.ops/,
    ],
    ['no role', withCredentials({ ops: { hash: one, roles: [] } }), 'ops.roles', /empty list/],
    ['a role that is none', withCredentials({ ops: { hash: one, roles: ['root'] } }), 'ops.roles[0]', /not known/],
    ['a name of the audit', withCredentials({ signal: { hash: one, roles: ['read'] } }), 'signal', /audit/],
  ])('with %s are a problem that says what to write', (_, admin, path, reason) => {
    const { problems, checked: good } = check(admin)
    expect(good).toBeUndefined()
    expect(problems).toEqual([expect.objectContaining({ path: `admin.credentials.${path}`, severity: 'error' })])
    expect(problems[0]?.reason).toMatch(reason)
    expect(JSON.stringify(problems)).not.toContain('hunter2')
  })

  test('without a single one are a problem, since nobody could say whether everybody is meant or nobody', () => {
    expect(check(withCredentials({})).problems).toEqual([expect.objectContaining({ path: 'admin.credentials', severity: 'error' })])
  })

  const ops = { hash: one, roles: ['read'] }
  const secret = { secret: { env: 'ADMIN' } }

  test.each<[what: string, before: Admin, after: Admin, laxer: readonly string[]]>([
    ['a credential more', withCredentials({ ops }), withCredentials({ ops, ci: { hash: two, roles: ['read'] } }), ['admin.credentials.ci']],
    [
      'a role more',
      withCredentials({ ops }),
      withCredentials({ ops: { ...ops, roles: ['read', 'config'] } }),
      ['admin.credentials.ops.roles'],
    ],
    ['the first credentials', { socket: './s', ...secret }, withCredentials({ ops }, secret), ['admin.credentials']],
    ['a role less', withCredentials({ ops: { ...ops, roles: ['read', 'config'] } }), withCredentials({ ops }), []],
    ['a credential less', withCredentials({ ops, ci: { hash: two, roles: ['read'] } }), withCredentials({ ops }), []],
    ['another hash', withCredentials({ ops }), withCredentials({ ops: { ...ops, hash: two } }), []],
  ])('change while the process runs: %s', (_, before, after, laxer) => {
    expect(fixedSettingsChanged(checked(before), checked(after), true)).toEqual([])
    const changes = changesBetween(checked(before), checked(after))
    expect(changes).not.toEqual([])
    expect(changes.filter((change) => change.laxer).map(({ path }) => path)).toEqual(laxer)
  })

  test.each<[what: string, before: Admin, after: Admin]>([
    ['all go', withCredentials({ ops }), { socket: './s' }],
    ['the first come', { socket: './s' }, withCredentials({ ops })],
  ])('cannot change whether a socket asks for any: %s', (_, before, after) => {
    const paths = fixedSettingsChanged(checked(before), checked(after), true).map(({ path }) => path)
    expect(paths).toEqual(['admin.credentials'])
  })
})
