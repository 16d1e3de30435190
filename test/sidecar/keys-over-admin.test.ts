import { hash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askAdmin } from '../support/ask-admin.js'
import { openSourced, type SourcedSidecar } from '../support/sourced-sidecar.js'

const secret = 'sk_of_the_team_acme_0123456789'
const everyday = { timeout: 15_000, interval: 50 }
const credentials = { keeper: ['keys'], reader: ['read', 'sessions', 'config'] } as const

let sidecar: SourcedSidecar
/** Everything that the admin listener answered. */
let answers = ''
const ask = async (what: string, body?: unknown, credential: string = 'keeper') => {
  const answer = await askAdmin({ socketPath: join(sidecar.cwd, 'admin.sock') }, what, { body, credential: `credential of ${credential}` })
  answers += JSON.stringify(answer)
  const { error } = answer.body
  return error === undefined
    ? { status: answer.status, ...answer.body }
    : { status: answer.status, code: error.code, message: error.message }
}
const auditLines = () =>
  readFileSync(join(sidecar.cwd, 'audit.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)

beforeAll(async () => {
  const config = {
    store: { sqlite: './postern.db' },
    keyRing: { masterKeys: [{ id: 'k1', secret: { env: 'MASTER' } }] },
    bindings: [{ team: 'nobody', key: 'acme' }],
    audit: { file: './audit.jsonl' },
    admin: {
      socket: './admin.sock',
      credentials: Object.fromEntries(
        Object.entries(credentials).map(([name, roles]) => [name, { hash: hash('sha256', `credential of ${name}`), roles }]),
      ),
    },
  }
  const env = { MASTER: randomBytes(32).toString('base64url'), FILE_KEY: 'sk_of_the_configuration_012345' }
  sidecar = await openSourced({ key: { secret: { env: 'FILE_KEY' } }, config, env })
})
afterAll(() => sidecar.close())

describe('the admin listener', () => {
  test('adds a key with its bindings, which is used within a second, in every process that has the store', async () => {
    expect(await sidecar.keyOfCall()).toBe('403 no_key_for_caller')
    const added = await ask('POST /admin/v1/keys', { alias: 'tenant-acme', gateway: 'main', secret, bind: [{ team: 'acme' }] })
    expect(added).toEqual({ status: 201, added: 'tenant-acme', bindings: ['team=acme'] })
    await expect.poll(sidecar.keyOfCall, { timeout: 1500 }).toBe(secret)
    const { code, stdout } = await sidecar.command('keys', 'list', '--config', 'postern.json', '--json')
    expect([code, stdout]).toEqual([0, expect.stringContaining('tenant-acme')])
  })

  test('lists the ring in pages, without a secret', async () => {
    await ask('POST /admin/v1/keys', { alias: 'tenant-beta', gateway: 'main', secret: 'sk_of_the_team_beta_0123456789', bind: [] })
    const first = await ask('GET /admin/v1/keys?most=1')
    expect(first).toMatchObject({
      status: 200,
      after: 'tenant-acme',
      keys: [{ alias: 'tenant-acme', gateway: 'main', bindings: ['team=acme'] }],
    })
    const second = await ask('GET /admin/v1/keys?most=1&after=tenant-acme')
    expect(second).toMatchObject({ keys: [{ alias: 'tenant-beta', bindings: [] }] })
    expect(await ask('GET /admin/v1/keys?after=tenant-beta')).toEqual({ status: 200, keys: [] })
  })

  test('binds a caller to a key, and takes the binding away', async () => {
    expect(await ask('DELETE /admin/v1/bindings?team=acme')).toEqual({ status: 200, unbound: 'team=acme' })
    await expect.poll(sidecar.keyOfCall, everyday).toBe('403 no_key_for_caller')
    expect(await ask('POST /admin/v1/bindings', { key: 'tenant-acme', team: 'acme' })).toEqual({
      status: 201,
      bound: 'team=acme',
      key: 'tenant-acme',
    })
    await expect.poll(sidecar.keyOfCall, everyday).toBe(secret)
  })

  test('removes a key that nobody is bound to', async () => {
    const bound = { status: 409, code: 'key_conflict', message: expect.stringContaining('team=acme') }
    expect(await ask('DELETE /admin/v1/keys/tenant-acme')).toMatchObject(bound)
    expect(await ask('DELETE /admin/v1/keys/tenant-beta')).toEqual({ status: 200, retired: 'tenant-beta' })
    expect(await ask('GET /admin/v1/keys')).toMatchObject({ keys: [{ alias: 'tenant-acme' }] })
  })

  test.each<[what: string, question: string, body: unknown, status: number, code: string]>([
    ['an alias that is taken', 'POST /keys', { alias: 'tenant-acme', gateway: 'main', secret }, 409, 'key_conflict'],
    ['an alias of the configuration', 'POST /keys', { alias: 'acme', gateway: 'main', secret }, 400, 'request_malformed'],
    ['a principal that is bound', 'POST /keys', { alias: 'new', gateway: 'main', secret, bind: [{ team: 'acme' }] }, 409, 'key_conflict'],
    ['a gateway that is not there', 'POST /keys', { alias: 'new', gateway: 'other', secret }, 400, 'request_malformed'],
    ['no secret', 'POST /keys', { alias: 'new', gateway: 'main' }, 400, 'request_malformed'],
    ['a short secret', 'POST /keys', { alias: 'new', gateway: 'main', secret: 'abc' }, 400, 'request_malformed'],
    ['a secret under another name', 'POST /keys', { alias: 'new', gateway: 'main', secret, [secret]: secret }, 400, 'request_malformed'],
    ['a key that points elsewhere', 'POST /keys', { alias: 'new', gateway: 'main', secret: { env: 'MASTER' } }, 400, 'request_malformed'],
    [
      'a principal twice',
      'POST /keys',
      { alias: 'new', gateway: 'main', secret, bind: [{ team: 'x' }, { team: 'x' }] },
      400,
      'request_malformed',
    ],
    ['a secret in the place of an alias', `DELETE /keys/${secret}`, undefined, 404, 'not_found'],
    ['a secret in the place of a key', 'POST /bindings', { key: secret, team: 'x' }, 404, 'not_found'],
    ['an alias of no form', 'DELETE /keys/a%00', undefined, 400, 'request_malformed'],
    ['a name of no form to unbind', 'DELETE /bindings?team=%00', undefined, 400, 'request_malformed'],
    ['a binding of nobody', 'POST /keys', { alias: 'new', gateway: 'main', secret, bind: [{}] }, 400, 'request_malformed'],
    ['a name that nobody has', 'POST /keys', { alias: 'new', gateway: 'main', secret, bind: [{ team: ' x' }] }, 400, 'request_malformed'],
    ['a key that is not there', 'POST /bindings', { key: 'new', team: 'x' }, 404, 'not_found'],
    ['a key of the configuration', 'POST /bindings', { key: 'acme', team: 'x' }, 404, 'not_found'],
    ['nobody to bind', 'POST /bindings', { key: 'tenant-acme' }, 400, 'request_malformed'],
    ['nobody to unbind', 'DELETE /bindings', undefined, 400, 'request_malformed'],
    ['a binding that is not there', 'DELETE /bindings?team=x', undefined, 404, 'not_found'],
    ['a binding twice', 'DELETE /bindings?team=acme&team=x', undefined, 400, 'request_malformed'],
    ['a key to remove that is not there', 'DELETE /keys/new', undefined, 404, 'not_found'],
    ['too large a page', 'GET /keys?most=1001', undefined, 400, 'request_malformed'],
  ])('refuses %s, and nothing is changed', async (_, question, body, status, code) => {
    const [method = '', path = ''] = question.split(' ')
    const before = await ask('GET /admin/v1/keys')
    expect(await ask(`${method} /admin/v1${path}`, body)).toMatchObject({ status, code })
    expect(await ask('GET /admin/v1/keys')).toEqual(before)
  })

  test('says of a binding that the configuration has too that it does not count, also in the list', async () => {
    const added = await ask('POST /admin/v1/keys', { alias: 'unused', gateway: 'main', secret, bind: [{ team: 'nobody' }] })
    expect(added).toMatchObject({ status: 201, overridden: { 'team=nobody': 'acme' } })
    const told = { alias: 'unused', trouble: expect.stringContaining('the configuration binds team=nobody to "acme", and that counts') }
    expect(await ask('GET /admin/v1/keys?after=tenant-acme')).toMatchObject({ keys: [told] })
    await ask('DELETE /admin/v1/bindings?team=nobody')
    expect(await ask('POST /admin/v1/bindings', { key: 'unused', team: 'nobody' })).toMatchObject({ overridden: { 'team=nobody': 'acme' } })
    await ask('DELETE /admin/v1/bindings?team=nobody')
    await ask('DELETE /admin/v1/bindings?team=nobody')
    expect(await ask('DELETE /admin/v1/keys/unused')).toMatchObject({ status: 200 })
  })

  test('refuses a credential without the role at each of these routes', async () => {
    for (const question of ['GET /keys', 'POST /keys', 'DELETE /keys/tenant-acme', 'POST /bindings', 'DELETE /bindings?team=acme']) {
      const [method = '', path = ''] = question.split(' ')
      expect(await ask(`${method} /admin/v1${path}`, method === 'POST' ? {} : undefined, 'reader')).toMatchObject({
        status: 403,
        code: 'endpoint_not_allowed',
      })
    }
    expect(await sidecar.keyOfCall()).toBe(secret)
  })

  test('writes into the audit who changed what, before and after, and no secret is anywhere', async () => {
    const told = auditLines().map(({ who, what, alias, binding, result }) => [who, what, alias ?? '', binding ?? '', result].join(' '))
    for (const result of ['begun', 'done']) {
      expect(told).toContain(`keeper key_added tenant-acme team=acme ${result}`)
      expect(told).toContain(`keeper key_unbound  team=acme ${result}`)
      expect(told).toContain(`keeper key_bound tenant-acme team=acme ${result}`)
      expect(told).toContain(`keeper key_retired tenant-beta  ${result}`)
    }
    expect(told).toContain('keeper key_added tenant-acme  refused')
    const refused = auditLines().filter(({ result }) => result === 'refused')
    expect(refused.map(({ what }) => what)).toEqual(expect.arrayContaining(['key_added', 'key_bound', 'key_unbound', 'key_retired']))
    for (const line of refused) expect(line).toMatchObject({ reason: expect.any(String), request_id: expect.any(String) })
    const everything = [answers, JSON.stringify(auditLines()), sidecar.running.stdout(), sidecar.running.stderr()].join('\n')
    expect(everything).not.toMatch(/sk_of_the_team/)
    for (const name of ['postern.db', 'postern.db-wal'])
      expect(readFileSync(join(sidecar.cwd, name)).includes('sk_of_the_team')).toBe(false)
  })
})

test('without a ring there is nothing to change', async () => {
  const bare = await openSourced({ key: { secret: { env: 'K' } }, env: { K: 'sk_of_the_configuration_012345' } })
  try {
    const answer = await askAdmin({ socketPath: join(bare.cwd, 'admin.sock') }, 'GET /admin/v1/keys')
    expect([answer.status, answer.body.error?.message]).toEqual([404, expect.stringContaining('There is no key ring')])
  } finally {
    await bare.close()
  }
})
