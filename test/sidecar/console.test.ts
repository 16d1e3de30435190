import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askConsole, openPage } from '../support/ask-console.js'
import { type ConsoleWorld, type OpenConsole, openConsoleWorld } from '../support/console-world.js'
import { startPostern } from '../support/run-postern.js'

let world: ConsoleWorld
let opened: OpenConsole

beforeAll(async () => {
  world = await openConsoleWorld()
  const call = await world.call('acme')
  await call.text()
  expect(call.status).toBe(200)
  opened = await world.openConsole()
}, 60_000)

afterAll(() => world.close())

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const codeOf = (link: string): string => new URL(link).hash.slice('#code='.length)

describe('postern console', () => {
  test('prints a link to 127.0.0.1 whose code stands in the fragment, and says for whom it is open', () => {
    expect(opened.link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#code=[\w-]{43}$/)
    expect(opened.running.stdout()).toContain('The console is open as "ops"')
  })

  test('trades a code once, and a second time for nothing', async () => {
    const link = await opened.anotherLink()
    const token = await openPage(link)
    expect(token).toMatch(/^[\w-]{43}$/)
    const second = await askConsole(opened.origin, 'POST /token', { body: { code: codeOf(link) } })
    expect([second.status, second.body?.error?.code]).toEqual([401, 'code_over'])
  })

  test('ends the code of a link when another link is printed', async () => {
    const [first, second] = [await opened.anotherLink(), await opened.anotherLink()]
    const refused = await askConsole(opened.origin, 'POST /token', { body: { code: codeOf(first) } })
    expect(refused.status).toBe(401)
    expect(await openPage(second)).toMatch(/^[\w-]{43}$/)
  })

  test('ends the page that is open when another page is opened', async () => {
    const first = await openPage(await opened.anotherLink())
    const second = await openPage(await opened.anotherLink())
    const asked = async (token: string) => (await askConsole(opened.origin, 'GET /api/operator', { headers: bearer(token) })).status
    expect([await asked(first), await asked(second)]).toEqual([401, 200])
  })

  test('asks the admin listener for usage and limits, with its own credential', async () => {
    const headers = bearer(await openPage(await opened.anotherLink()))
    const limits = await askConsole(opened.origin, 'GET /api/limits?team=acme', { headers })
    expect(limits.body).toMatchObject({
      limits: expect.arrayContaining([expect.objectContaining({ name: 'team-day', left: 199 })]) as object,
    })
    await expect
      .poll(async () => (await askConsole(opened.origin, 'GET /api/usage?since=6d&by=team', { headers })).body)
      .toMatchObject({ rows: [{ team: 'acme', calls: 1 }] })
  })

  test('passes on nothing that is not in its list, whatever the admin listener has', async () => {
    const headers = bearer(await openPage(await opened.anotherLink()))
    const status = async (what: string) =>
      (await askConsole(opened.origin, what, { headers, body: what.startsWith('GET') ? undefined : {} })).status
    for (const what of [
      'GET /api/metrics',
      'GET /api/operator/',
      'GET /api//operator',
      'GET /api/../api/operator',
      'GET /api/usage/workflows/..%2f..%2fmetrics',
      'GET /api/usage?by=team&since=6d%20HTTP/1.1%0d%0aX:%20y&q=<',
      'POST /api/usage',
      'POST /api/audit',
      'POST /api/bindings',
      'DELETE /api/keys/acme-prod',
      'POST /api/constructor',
    ])
      expect([what, await status(what)]).toEqual([what, 404])
  })

  test('says what a credential lacks, in words that name the role', async () => {
    const looker = await world.openConsole('looker')
    const headers = bearer(await openPage(looker.link))
    const answer = await askConsole(looker.origin, 'POST /api/reload', { headers, body: { confirm: 'reload' } })
    expect([answer.status, answer.body?.error?.code]).toEqual([403, 'sidecar_refused'])
    expect(answer.body?.error?.message).toContain('lacks the role "config"')
  })

  test('changes nothing without the typed alias, and makes the change with it', async () => {
    const headers = bearer(await openPage(await opened.anotherLink()))
    for (const body of [{}, { confirm: '' }, { confirm: 'Reload' }, { confirm: true }]) {
      const { status, body: answer } = await askConsole(opened.origin, 'POST /api/reload', { headers, body })
      expect([status, answer?.error?.code]).toEqual([400, 'not_confirmed'])
    }
    const { status, body } = await askConsole(opened.origin, 'POST /api/reload', { headers, body: { confirm: 'reload' } })
    expect([status, body]).toEqual([200, expect.objectContaining({ taken: true })])
  })

  test('ends with 1 and what to do where no sidecar runs', async () => {
    const { code, stderr } = await startPostern(['console', '--socket', './nobody.sock'], { cwd: world.cwd }).finished
    expect([code, stderr]).toEqual([1, expect.stringContaining('Start it with this configuration first')])
  })

  test('ends with 1 and what to do where its credential is not known', async () => {
    const { code, stderr } = await startPostern(['console', '--config', 'postern.json'], {
      cwd: world.cwd,
      env: { POSTERN_ADMIN_CREDENTIAL: 'unknown' },
    }).finished
    expect([code, stderr]).toEqual([1, expect.stringContaining('It does not know the credential')])
  })

  test('ends with 0 at SIGTERM, and nothing answers any more', async () => {
    const another = await world.openConsole()
    another.running.child.kill('SIGTERM')
    expect((await another.running.finished).code).toBe(0)
    await expect(askConsole(another.origin, 'GET /')).rejects.toThrow('ECONNREFUSED')
  })
})
