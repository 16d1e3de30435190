import { afterAll, beforeAll, expect, test } from 'vitest'
import { askConsole, openPage } from '../support/ask-console.js'
import { consoleEntry } from '../support/console-entries.js'
import { type ConsoleWorld, openConsoleWorld, type OpenConsole } from '../support/console-world.js'

let world: ConsoleWorld
let ops: OpenConsole
let headers: Record<string, string>
let ofAcme: OpenConsole
let headersOfAcme: Record<string, string>

interface Body {
  readonly calls?: readonly Readonly<Record<string, unknown>>[]
  readonly rows?: readonly unknown[]
  readonly keys?: readonly unknown[]
  readonly lines?: readonly unknown[]
  readonly total?: number
}

const ask = async (path: string): Promise<Body> => (await askConsole(ops.origin, `GET /api${path}`, { headers })).body as unknown as Body

beforeAll(async () => {
  const now = Date.now()
  world = await openConsoleWorld({
    entries: [
      consoleEntry(now - 60_000, { team: 'acme', user: 'ada', caller: 'session:s-1', via: 'session', workflow: 'run', step: 'plan' }),
      consoleEntry(now - 50_000, {
        team: 'globex',
        status: 429,
        code: 'rate_limited',
        finish: 'refused',
        attempt: 0,
        request_id: 'the-one',
      }),
      consoleEntry(now - 40_000, { team: 'acme', status: 502, code: 'gateway_failed', finish: 'upstream_error' }),
    ],
  })
  ops = await world.openConsole()
  headers = { authorization: `Bearer ${await openPage(ops.link)}` }
  ofAcme = await world.openConsole('ofAcme')
  headersOfAcme = { authorization: `Bearer ${await openPage(ofAcme.link)}` }
}, 60_000)

afterAll(() => world.close())

test('the admin listener tells single calls, the last ones first, by how they ended and by their request id', async () => {
  const codes = async (path: string) => (await ask(path)).calls?.map((call) => call['code'] ?? null)
  expect(await codes('/calls?since=1h')).toEqual(['gateway_failed', 'rate_limited', null])
  expect(await codes('/calls?since=1h&ended=refused')).toEqual(['rate_limited'])
  expect(await codes('/calls?since=1h&ended=failed')).toEqual(['gateway_failed'])
  expect(await codes('/calls?since=1h&code=rate_limited&team=acme')).toEqual([])
  expect(await codes('/calls?since=1h&request_id=the-one')).toEqual(['rate_limited'])
  expect(await codes('/calls?since=1h&most=1')).toEqual(['gateway_failed'])
})

test('the admin listener says of a question about calls what it does not understand', async () => {
  const status = async (query: string) => (await askConsole(ops.origin, `GET /api/calls?${query}`, { headers })).status
  for (const query of ['ended=completed', 'most=0', 'most=501', 'most=1e2', 'since=yesterday', 'finish=refused', 'team=a&team=b'])
    expect([query, await status(query)]).toEqual([query, 400])
})

test('usage is added up by error codes', async () => {
  const { rows } = await ask('/usage?since=1h&by=code')
  expect(rows).toMatchObject([
    { code: null, calls: 1 },
    { code: 'gateway_failed', calls: 1, failed: 1 },
    { code: 'rate_limited', calls: 1, refused: 1 },
  ])
})

test('the admin listener tells a call while it streams, with whose it is, and not after it has ended', async () => {
  const call = await world.call(
    'acme',
    { stream: true, messages: [{ role: 'user', content: 'emulate: slow-stream' }] },
    { 'x-workflow-id': 'night', 'x-step-id': 'read' },
  )
  const reader = call.body?.getReader()
  await reader?.read()
  const { calls } = await ask('/calls/live')
  expect(calls).toEqual([
    expect.objectContaining({
      request_id: call.headers.get('x-request-id'),
      team: 'acme',
      user: 'ada',
      caller: 'acme',
      key: 'acme-prod',
      gateway: 'main',
      model: 'auto',
      workflow: 'night',
      step: 'read',
      stage: 'streaming',
      attempt: 1,
    }),
  ])
  expect(await ask('/calls/live?team=globex')).toEqual({ calls: [], total: 0 })
  await reader?.cancel()
  await expect.poll(async () => (await ask('/calls/live')).total).toBe(0)
})

test('a call that began before a reload is told after it', async () => {
  const call = await world.call('globex', { stream: true, messages: [{ role: 'user', content: 'emulate: slow-stream' }] })
  const reader = call.body?.getReader()
  await reader?.read()
  await askConsole(ops.origin, 'POST /api/reload', { headers, body: { confirm: 'reload' } })
  expect((await ask('/calls/live')).calls).toMatchObject([{ team: 'globex', stage: 'streaming' }])
  await reader?.cancel()
  await expect.poll(async () => (await ask('/calls/live')).total).toBe(0)
})

test('the keys of the configuration are told with their places and users, without a secret', async () => {
  const { keys } = await ask('/keys/configured')
  expect(keys).toEqual([
    { alias: 'acme-prod', gateway: 'main', from: 'env KEY', bindings: ['team=acme', 'team=globex'] },
    { alias: 'initech-old', gateway: 'main', from: 'env WRONG_KEY', bindings: ['team=initech'] },
  ])
})

test('the audit is told from its end, with the name of the console’s credential', async () => {
  const ended = await askConsole(ops.origin, 'POST /api/sessions/end', { headers, body: { kind: 'user', name: 'ada', confirm: 'ada' } })
  expect(ended.status).toBe(201)
  const { lines } = await ask('/audit?most=2')
  expect(lines).toEqual([
    expect.objectContaining({ who: 'ops', what: 'session_revoked', result: 'done', kind: 'user', name: 'ada' }),
    expect.objectContaining({ who: 'ops', what: 'session_revoked', result: 'begun' }),
  ])
})

test('a credential of one team is told of its calls alone, and of no keys and no audit', async () => {
  const asked = (path: string) => askConsole(ofAcme.origin, `GET /api${path}`, { headers: headersOfAcme })
  const { calls } = (await asked('/calls?since=1h')).body as unknown as Body
  expect(new Set(calls?.map(({ team }) => team))).toEqual(new Set(['acme']))
  for (const path of ['/calls?team=globex', '/calls/live?team=globex', '/keys/configured', '/audit', '/keys'])
    expect([path, (await asked(path)).status]).toEqual([path, 403])
})
