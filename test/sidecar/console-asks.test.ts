import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { askConsole, openPage } from '../support/ask-console.js'
import { type RunningPostern, startPostern } from '../support/run-postern.js'

/** What stands where the admin listener should be answers. */
let answer: RequestListener = (_request, response) => response.end(JSON.stringify({ name: 'ops', roles: ['read'] }))
let admin: Server
let cwd: string
let running: RunningPostern
let origin: string
let headers: Record<string, string>

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-console-asks-'))
  writeFileSync(join(cwd, 'postern.json'), '{}')
  admin = createServer((request, response) => answer(request, response))
  await new Promise<void>((listening) => admin.listen(0, '127.0.0.1', listening))
  const { port } = admin.address() as AddressInfo
  running = startPostern(['console', '--config', 'postern.json', '--admin-port', String(port)], {
    cwd,
    env: { POSTERN_ADMIN_CREDENTIAL: 'the-credential-of-the-console' },
  })
  const [, link = ''] = await running.prints(/(http:\S+#code=\S+)/)
  origin = new URL(link).origin
  headers = { authorization: `Bearer ${await openPage(link)}` }
})

afterAll(async () => {
  running.child.kill('SIGKILL')
  await running.finished
  admin.close()
  rmSync(cwd, { recursive: true })
})

const ask = (path: string) => askConsole(origin, `GET /api${path}`, { headers })

test('the console presents its credential, and tells the page neither that nor its own headers', async () => {
  answer = (request, response) =>
    response.end(JSON.stringify({ got: request.headers.authorization === 'Bearer the-credential-of-the-console' }))
  const { body, text } = await ask('/operator')
  expect([body, text.includes('the-credential')]).toEqual([{ got: true }, false])
})

test('an answer that is larger than a page may hold is refused, with what to ask for in its place', async () => {
  answer = (_request, response) => response.end(`{"rows":"${'x'.repeat(9 * 2 ** 20)}"}`)
  const { status, body } = await ask('/usage?since=89d&by=user')
  expect([status, body?.error?.message]).toEqual([503, expect.stringContaining('Ask for a shorter time')])
})

test('a refused credential of the console is not taken for a page whose token is over', async () => {
  answer = (_request, response) =>
    response
      .writeHead(401)
      .end(JSON.stringify({ error: { code: 'caller_invalid', message: 'This is not the secret of the admin listener.' } }))
  const { status, body } = await ask('/operator')
  expect([status, body?.error?.code]).toEqual([502, 'sidecar_refused'])
  expect(body?.error?.message).toContain('It does not know the credential')
})

test('an admin listener that has gone is told with what to do, and the console goes on', async () => {
  answer = (request) => request.destroy()
  const { status, body } = await ask('/operator')
  expect([status, body?.error?.code]).toEqual([503, 'sidecar_unreachable'])
  answer = (_request, response) => response.end('{"back":true}')
  expect((await ask('/operator')).body).toEqual({ back: true })
})
