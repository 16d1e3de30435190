import { hash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AdminRole } from '@postern/config'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { requireRole } from '../../sidecar/src/admin/operator.js'
import { type AdminAt, askAdmin } from '../support/ask-admin.js'
import { callerCredential, ringEntry } from '../support/secrets.js'
import { type RunningPostern, startPostern } from '../support/run-postern.js'

const roles: readonly AdminRole[] = ['read', 'sessions', 'keys', 'config']
const made = () => randomBytes(32).toString('base64url')
const credentials = Object.fromEntries(roles.map((role) => [role, made()])) as Record<AdminRole, string>
const caller = callerCredential()
const env = {
  KEY: 'sk_a_key_of_the_gateway',
  SESSION: made(),
  ADMIN: made(),
  RING: ringEntry('agent', caller),
}
const named = Object.fromEntries(roles.map((role) => [`only-${role}`, { hash: hash('sha256', credentials[role]), roles: [role] }]))

/** Every route that needs a role, with a request to it that is in order. */
const routes: readonly (readonly [what: string, role: AdminRole, body: object | undefined, status: number])[] = [
  ['POST /admin/v1/sessions', 'sessions', { team: 'acme' }, 201],
  ['POST /admin/v1/revocations', 'sessions', { user: 'ada' }, 201],
  ['POST /admin/v1/reload', 'config', undefined, 200],
  ['GET /admin/v1/readiness', 'read', undefined, 200],
]

let cwd: string
let running: RunningPostern
let port: AdminAt
beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-roles-'))
  const config = {
    version: 1,
    listen: { port: 0 },
    admin: { port: 0, secret: { env: 'ADMIN' }, credentials: named },
    gateways: { main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1' } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { session: { secret: { env: 'SESSION' } }, service: { hashes: { env: 'RING' }, principals: { agent: { team: 'acme' } } } },
    store: { memory: true },
  }
  writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
  running = startPostern(['start', '--config', 'postern.json'], { cwd, env })
  const [, url = ''] = await running.prints(/"admin":"([^"]+)"/)
  port = { url }
})
afterAll(async () => {
  running.child.kill('SIGKILL')
  await running.finished
  rmSync(cwd, { recursive: true })
})

describe('role-that-was-not-given', () => {
  test.each(routes)('%s is done for the role %s alone, and for the admin secret', async (what, role, body, status) => {
    for (const own of roles) {
      const answer = await askAdmin(port, what, { body, credential: credentials[own] })
      if (own === role) {
        expect(answer.status).toBe(status)
        continue
      }
      expect([answer.status, answer.body.error?.code]).toEqual([403, 'endpoint_not_allowed'])
      expect(answer.body.error?.message).toContain(`The credential "only-${own}" lacks the role "${role}"`)
    }
    expect((await askAdmin(port, what, { body, credential: env.ADMIN })).status).toBe(status)
  })

  test('whoever lacks the role learns nothing of the body: it is not even read', async () => {
    const answer = await askAdmin(port, 'POST /admin/v1/sessions', { body: { team: 'x'.repeat(20_000) }, credential: credentials.read })
    expect(answer.status).toBe(403)
  })

  test.each<[what: string, credential: string | undefined, code: string]>([
    ['no credential', undefined, 'caller_missing'],
    ['another credential', made(), 'caller_invalid'],
    ['the hash in place of the credential', hash('sha256', credentials.config), 'caller_invalid'],
    ['the credential of a service caller', caller, 'caller_invalid'],
    ['the name of a credential', 'only-config', 'caller_invalid'],
    ['a credential with something behind it', `${credentials.config}x`, 'caller_invalid'],
  ])('%s is 401 on every route', async (_, credential, code) => {
    for (const [what, , body] of routes) {
      const answer = await askAdmin(port, what, { body, credential })
      expect([answer.status, answer.body.error?.code]).toEqual([401, code])
    }
  })

  test('thirty wrong credentials are slowed down, and the right ones are not', async () => {
    const statuses = new Set<number>()
    for (let time = 0; time < 40; time += 1)
      statuses.add((await askAdmin(port, 'POST /admin/v1/revocations', { body: { user: 'ada' }, credential: made() })).status)
    expect([...statuses]).toEqual([401, 429])
    const right = await askAdmin(port, 'POST /admin/v1/revocations', { body: { user: 'ada' }, credential: credentials.sessions })
    expect(right.status).toBe(201)
  })

  test('a route that nobody gave a role is refused to everybody', () => {
    expect(() => requireRole({ name: 'admin', roles }, undefined as unknown as AdminRole)).toThrow(/lacks the role/)
  })

  test('no credential is in the log, nor on the data listener of any use', async () => {
    const [, url = ''] = await running.prints(/"url":"([^"]+)"/)
    const call = await fetch(`${url}/models`, { headers: { authorization: `Bearer ${credentials.config}` } })
    expect(call.status).toBe(401)
    for (const credential of [...Object.values(credentials), env.ADMIN])
      expect(running.stdout() + running.stderr()).not.toContain(credential)
  })
})
