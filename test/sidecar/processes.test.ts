import { execFile, spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { EMULATED_GATEWAYS, startEmulator, issueKey } from '@postern/emulator'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { bin, type RunningPostern, startPostern } from '../support/run-postern.js'

const execute = promisify(execFile)
const running: RunningPostern[] = []
const start = (...args: Parameters<typeof startPostern>): RunningPostern => {
  const postern = startPostern(...args)
  running.push(postern)
  return postern
}

let cwd: string
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-process-'))
})
afterAll(() => {
  for (const { child } of running) child.kill('SIGKILL')
  rmSync(cwd, { recursive: true })
})

/** Starts the real process on an emulated gateway and a free port. */
async function startOn(options: { readonly eventDelayMs?: number; readonly deadline?: string }) {
  const key = issueKey('joytoken')
  const emulator = await startEmulator('joytoken', { keys: [key], eventDelayMs: options.eventDelayMs ?? 0 })
  const config = {
    version: 1,
    listen: { port: 0 },
    admin: { socket: './admin.sock' },
    gateways: { main: { dialect: 'joytoken', baseURL: emulator.baseURL } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { service: { hashes: { env: 'RING' }, principals: { agent: { team: 'acme' } } } },
    shutdown: { deadline: options.deadline ?? '5s' },
  }
  const file = join(cwd, `${emulator.origin.split(':').at(-1)}.json`)
  writeFileSync(file, JSON.stringify(config))
  const postern = start(['start', '--config', file], { cwd, env: { KEY: key.secret, RING: `agent:${hash('sha256', 'agent credential')}` } })
  const [, url = ''] = await postern.prints(/"url":"([^"]+)"/)
  const client = new OpenAI({ baseURL: url, apiKey: 'agent credential', maxRetries: 0 })
  return { emulator, postern, client, url }
}

const messages = [{ role: 'user' as const, content: 'one two three four five six seven eight nine ten' }]

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done)
  })
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}

function adminStatus(path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    httpRequest({ socketPath: join(cwd, 'admin.sock'), path }, (answer) => resolve(answer.resume().statusCode))
      .on('error', reject)
      .end()
  })
}

describe('postern start', () => {
  test('answers, logs a JSON line for each request, and is healthy on its admin socket only', async () => {
    const { client, postern, url } = await startOn({})
    const answer = await client.chat.completions.create({ model: 'auto', messages })
    expect(answer.choices[0]?.message.content).toContain('one two three')
    const [line] = await postern.prints(/^.*"msg":"request".*$/m)
    expect(JSON.parse(line)).toMatchObject({
      level: 'info',
      key: 'acme',
      caller: 'agent',
      team: 'acme',
      status: 200,
      finish: 'complete',
      path: '/v1/chat/completions',
    })
    expect([await adminStatus('/healthz'), await adminStatus('/readyz'), await adminStatus('/ai/v1/models')]).toEqual([200, 200, 404])
    expect((await fetch(new URL('/healthz', url))).status).toBe(404)
    expect(await (await fetch(new URL('/v1/models', url))).text()).toContain('The API lives under /ai/v1/. Ask for /ai/v1/models.')
    postern.child.kill('SIGTERM')
    expect(await postern.finished).toMatchObject({ code: 0, stderr: '' })
  })

  test('told to stop, lets a stream finish, takes no new call, and exits 0', async () => {
    const { client, postern, url } = await startOn({ eventDelayMs: 60 })
    const stream = await client.chat.completions.create({ model: 'auto', messages, stream: true })
    const iterator = stream[Symbol.asyncIterator]()
    await iterator.next()
    postern.child.kill('SIGTERM')
    await postern.prints(/"msg":"draining"/)
    await expect(fetch(`${url}/models`)).rejects.toThrow()
    let text = ''
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
      text += next.value.choices[0]?.delta.content ?? ''
    expect(text).toContain('nine ten')
    const { code, stdout } = await postern.finished
    expect(code).toBe(0)
    expect(stdout).toContain('"msg":"stopped"')
    expect(existsSync(join(cwd, 'admin.sock'))).toBe(false)
  })

  test('cuts what still streams at the deadline, and the client can tell', async () => {
    const { client, postern } = await startOn({ eventDelayMs: 500, deadline: '300ms' })
    const stream = await client.chat.completions.create({ model: 'auto', messages, stream: true })
    const iterator = stream[Symbol.asyncIterator]()
    await iterator.next()
    postern.child.kill('SIGINT')
    await expect(
      (async () => {
        while ((await iterator.next()).done !== true);
      })(),
    ).rejects.toThrow()
    expect(await postern.finished).toMatchObject({ code: 0, stderr: '' })
  })

  test.each([
    ['a full disk', 'exec "$0" "$@" > /dev/full'],
    ['a reader that is gone', '"$0" "$@" | true'],
  ])('goes on answering when its log meets %s, warns of it, and still stops when told', async (_, redirect) => {
    const key = issueKey('joytoken')
    const emulator = await startEmulator('joytoken', { keys: [key] })
    const port = await freePort()
    const file = join(cwd, `log-${port}.json`)
    const config = {
      version: 1,
      listen: { port },
      gateways: { main: { dialect: 'joytoken', baseURL: emulator.baseURL } },
      keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
      bindings: [{ team: 'acme', key: 'acme' }],
      callers: { service: { hashes: { env: 'RING' }, principals: { agent: { team: 'acme' } } } },
      shutdown: { deadline: '1s' },
    }
    writeFileSync(file, JSON.stringify(config))
    const env = { PATH: process.env['PATH'], KEY: key.secret, RING: `agent:${hash('sha256', 'agent credential')}` }
    const child = spawn('sh', ['-c', redirect, process.execPath, bin, 'start', '--config', file], { env, detached: true })
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    const ended = new Promise<void>((done) => {
      child.once('close', () => done())
    })
    const client = new OpenAI({ baseURL: `http://127.0.0.1:${port}/ai/v1`, apiKey: 'agent credential', maxRetries: 8 })
    for (let call = 0; call < 3; call += 1) {
      expect((await client.chat.completions.create({ model: 'auto', messages })).choices[0]?.message.content).toContain('one two')
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
    process.kill(-(child.pid as number), 'SIGTERM')
    await ended
    expect(stderr).toContain('POSTERN_LEDGER')
    await emulator.close()
  })

  test('does not take the place of something else with its admin socket', async () => {
    const place = join(cwd, 'precious.txt')
    writeFileSync(place, 'precious')
    const file = join(cwd, 'precious.json')
    const callers = { service: { hashes: { env: 'RING' } } }
    writeFileSync(
      file,
      JSON.stringify({ version: 1, listen: { port: 0 }, admin: { socket: place }, gateways: {}, keys: {}, bindings: [], callers }),
    )
    const env = { RING: `a:${hash('sha256', 'b')}` }
    const { code, stderr } = await start(['start', '--config', file], { cwd, env }).finished
    expect([code, existsSync(place)]).toEqual([1, true])
    expect(stderr).toContain('is not a socket')
  })

  test('says so when its admin socket is taken', async () => {
    const { postern } = await startOn({})
    const file = join(cwd, 'second.json')
    const callers = { service: { hashes: { env: 'RING' } } }
    writeFileSync(
      file,
      JSON.stringify({ version: 1, listen: { port: 0 }, admin: { socket: './admin.sock' }, gateways: {}, keys: {}, bindings: [], callers }),
    )
    const { code, stderr } = await start(['start', '--config', file], { cwd, env: { RING: `a:${hash('sha256', 'b')}` } }).finished
    expect([code, await adminStatus('/healthz')]).toEqual([1, 200])
    expect(stderr).toContain('is taken by another process')
    postern.child.kill('SIGTERM')
    await postern.finished
  })

  test('says so when its port is taken', async () => {
    const { url, postern } = await startOn({})
    const file = join(cwd, 'taken.json')
    const { emulator: _emulator, ...again } = { emulator: null, version: 1, listen: { port: Number(new URL(url).port) } }
    writeFileSync(
      file,
      JSON.stringify({ ...again, gateways: {}, keys: {}, bindings: [], callers: { service: { hashes: { env: 'RING' } } } }),
    )
    const second = await start(['start', '--config', file], { cwd, env: { RING: `a:${hash('sha256', 'b')}` } }).finished
    expect(second.code).toBe(1)
    expect(second.stderr).toContain('is taken by another process')
    postern.child.kill('SIGTERM')
    await postern.finished
  })
})

describe('postern demo', () => {
  test.each(EMULATED_GATEWAYS)('with %s prints a curl line that works as it stands, and ends at Ctrl-C', async (gateway) => {
    const demo = start(['demo', '--port', '0', '--dialect', gateway])
    const [curl] = await demo.prints(/^curl .*$/m)
    await demo.prints(/Ctrl-C ends it/)
    const { stdout } = await execute('sh', ['-c', curl.replace('-N', '-sN')])
    expect(stdout).toContain('HTTP/1.1 200 OK')
    expect(stdout).toContain('"workflow":"hello"')
    expect(stdout).toMatch(/: postern \{.*"key":"acme".*"finish":"complete".*\}\n\ndata: \[DONE\]/)
    demo.child.kill('SIGINT')
    expect((await demo.finished).code).toBe(0)
  })

  test('serves its page and tokens for the people on it', async () => {
    const demo = start(['demo', '--port', '0'])
    const [, origin = ''] = await demo.prints(/Chat page\s+(http:\S+)\//)
    const page = await fetch(`${origin}/`)
    expect(page.status).toBe(200)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
    const minted = await fetch(`${origin}/demo/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"person":"gus"}',
    })
    const { token } = (await minted.json()) as { token: string }
    const client = new OpenAI({ baseURL: `${origin}/ai/v1`, apiKey: token })
    const { response } = await client.chat.completions.create({ model: 'auto', messages }).withResponse()
    expect(response.headers.get('postern-governance')).toContain('"key":"globex"')
    demo.child.kill('SIGINT')
    await demo.finished
  })
})
