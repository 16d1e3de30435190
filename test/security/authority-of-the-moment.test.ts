import { hash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type RunningPostern, runPostern, startPostern } from '../support/run-postern.js'

const made = () => randomBytes(32).toString('base64url')
const [ops, minter] = [made(), made()]
const env = { KEY: 'sk_a_key_of_the_gateway', SESSION: made() }
const hashed = (credential: string, ...roles: readonly string[]) => ({ hash: hash('sha256', credential), roles })

let cwd: string
let running: RunningPostern
const secretFile = () => join(cwd, 'admin.secret')

beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-moment-'))
  writeFileSync(secretFile(), made())
  configure({ minter: hashed(minter, 'sessions') })
  running = startPostern(['start', '--config', 'postern.json'], { cwd, env })
  await running.prints(/"msg":"listening"/)
})
afterEach(async () => {
  running.child.kill('SIGKILL')
  await running.finished
  rmSync(cwd, { recursive: true })
})

function configure(credentials: object): void {
  const config = {
    version: 1,
    listen: { port: 0 },
    admin: { socket: './admin.sock', secret: { file: './admin.secret' }, credentials: { ops: hashed(ops, 'config'), ...credentials } },
    gateways: { main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1' } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { session: { secret: { env: 'SESSION' } } },
    store: { memory: true },
  }
  writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
}

/** Sends a request but for the end of its body, once the process says that it waits for that; `finish` sends the end. */
async function hold(credential: string, path: string, body: string): Promise<{ finish: () => void; answer: Promise<string> }> {
  const socket = connect(join(cwd, 'admin.sock'))
  let text = ''
  let wait: (() => void) | undefined
  const continued = new Promise<void>((resolve) => (wait = resolve))
  const answer = new Promise<string>((resolve, reject) => {
    socket.on('data', (piece) => {
      text += piece.toString()
      if (text.includes('100 Continue')) wait?.()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(text.split('100 Continue\r\n\r\n')[1] ?? text))
  })
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${credential}\r\nExpect: 100-continue\r\n` +
      `Connection: close\r\nContent-Length: ${body.length}\r\n\r\n`,
  )
  await continued
  socket.write(body.slice(0, 3))
  return { finish: () => socket.write(body.slice(3)), answer }
}

const reload = async (): Promise<void> => {
  const { code, stderr } = await runPostern(['reload', '--config', 'postern.json'], { cwd, env: { POSTERN_ADMIN_CREDENTIAL: ops } })
  expect([code, stderr]).toEqual([0, expect.any(String)])
}

describe('authority-of-the-moment', () => {
  test.each([
    ['mint', '/admin/v1/sessions', '{"user":"ada"}'],
    ['end', '/admin/v1/revocations', '{"user":"ada"}'],
  ])('a credential that is removed while its body is being sent cannot %s a session any more', async (_, path, body) => {
    const held = await hold(minter, path, body)
    configure({})
    await reload()
    held.finish()
    expect(await held.answer).toMatch(/^HTTP\/1\.1 401 [^]*caller_invalid/)
  })

  test('a role that is taken away while the body is being sent is missing when the body is whole', async () => {
    const held = await hold(minter, '/admin/v1/sessions', '{"user":"ada"}')
    configure({ minter: hashed(minter, 'read') })
    await reload()
    held.finish()
    expect(await held.answer).toMatch(/^HTTP\/1\.1 403 [^]*endpoint_not_allowed/)
  })

  test('a credential that is still there when the body is whole does what it was asked for', async () => {
    const held = await hold(minter, '/admin/v1/sessions', '{"user":"ada"}')
    await reload()
    held.finish()
    expect(await held.answer).toMatch(/^HTTP\/1\.1 201 /)
  })

  test('a body that is not whole after ten seconds is refused, whoever sends it', { timeout: 20_000 }, async () => {
    const held = await hold(minter, '/admin/v1/sessions', '{"user":"ada"}')
    expect(await held.answer).toMatch(/^HTTP\/1\.1 408 [^]*request_timeout/)
  })
})
