import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { issueKey, startEmulator } from '@postern/emulator'
import { type LogRow, logTable, sharedLogFields } from '../../packages/ports/src/log-table.js'
import { listenAnywhere } from '../support/house.js'
import { type OpenSidecar, openSidecar } from '../support/open-sidecar.js'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const root = join(import.meta.dirname, '../..')
const rows: Readonly<Record<string, LogRow>> = logTable
const levelsOf = (level: LogRow['level']): readonly string[] => level.split(' or ')

function sourcesOf(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(root, folder, name), 'utf8'))
}

describe('the table of the log', () => {
  const sources = [...readdirSync(join(root, 'packages')).map((name) => `packages/${name}/src`), 'sidecar/src'].flatMap(sourcesOf)
  const call = /\blog(?:\?\.)?\(\s*'(info|warn|error)',\s*'([^']+)'(?:,\s*\{([^{}]*)\})?/g
  const written = sources.flatMap((text) => [...text.matchAll(call)].map(([, level, msg, facts = '']) => ({ level, msg, facts })))

  test('has every line that the sources write, with its level and its members', () => {
    expect(written.length).toBeGreaterThan(25)
    const strays = written.filter(({ level = '', msg = '' }) => rows[msg] === undefined || !levelsOf(rows[msg].level).includes(level))
    expect(strays).toEqual([])
    const members = written.flatMap(({ msg = '', facts }) =>
      facts
        .split(',')
        .map((fact) => fact.trim().split(':')[0] as string)
        .filter((name) => /^\w+$/.test(name) && !Object.hasOwn((rows[msg] as LogRow).fields, name))
        .map((name) => `${msg}: ${name}`),
    )
    expect(members).toEqual([])
  })
})

describe('a process under traffic', () => {
  /** Lines, each with what the table does not have of it. */
  function strays({ stdout }: OpenSidecar): readonly string[] {
    const lines = stdout()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    return lines.flatMap((line) => {
      const row = rows[line['msg'] as string]
      // A warning of the configuration, in its own words.
      if (row === undefined) return line['level'] === 'warn' && Object.keys(line).length === 3 ? [] : [JSON.stringify(line)]
      const unknown = Object.keys(line).filter((name) => !Object.hasOwn(sharedLogFields, name) && !Object.hasOwn(row.fields, name))
      const level = levelsOf(row.level).includes(line['level'] as string) ? [] : [`${String(line['msg'])}: ${String(line['level'])}`]
      return [...unknown.map((name) => `${String(line['msg'])}: ${name}`), ...level]
    })
  }

  test('writes no line and no member that the table does not have', async () => {
    const key = issueKey('joytoken')
    const emulator = await startEmulator('joytoken', { keys: [key] })
    closing.push(() => emulator.close())
    const server = createServer((_, response) => response.end('hello'))
    const backend = await listenAnywhere(server)
    closing.push(() => server.close())
    const sidecar = await openSidecar({
      backend,
      gateway: emulator.baseURL,
      config: {
        log: { access: true },
        telemetry: { prometheus: { port: 0 }, otlp: { url: 'http://127.0.0.1:9' } },
        listen: { port: 0, hosts: ['127.0.0.1'] },
        browser: { origins: ['https://app.example'] },
        limits: { rules: [{ each: 'team', requests: 12 }] },
        shutdown: { deadline: '1s' },
      },
      env: { KEY: key.secret, OTEL_BSP_SCHEDULE_DELAY: '100' },
    })
    closing.push(() => sidecar.close())
    const api = `${sidecar.origin}/ai/v1`
    const authorization = `Bearer ${sidecar.credential}`
    const chat = async (body: object, headers: Readonly<Record<string, string>> = {}): Promise<void> => {
      const json = { 'content-type': 'application/json', authorization, ...headers }
      const message = { model: 'auto', messages: [{ role: 'user', content: 'Hello' }], ...body }
      await (await fetch(`${api}/chat/completions`, { method: 'POST', headers: json, body: JSON.stringify(message) })).text()
    }
    await chat({})
    await chat({ stream: true })
    await chat({ model: 'nothing-like-it' })
    await chat({}, { authorization: 'Bearer nobody' })
    await chat({}, { 'x-workflow-id': 'w', 'x-step-id': 's', 'x-parent-step-id': 'p', 'x-request-id': 'mine' })
    await chat({}, { 'postern-workflow-id': 'w' })
    await chat({}, { workflow_id: 'w' })
    await chat({}, { origin: 'https://evil.example' })
    const preflight = { origin: 'https://evil.example', 'access-control-request-method': 'POST' }
    await fetch(`${api}/chat/completions`, { method: 'OPTIONS', headers: preflight })
    for (let more = 0; more < 14; more += 1) await chat({})
    await (await fetch(`${sidecar.origin}/page?token=hidden`)).text()
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
    await fetch(`${sidecar.origin}/page?token=hidden`, { headers: { origin: 'https://app.example' } })
    process.kill(sidecar.pid, 'SIGHUP')
    await expect.poll(() => sidecar.stdout()).toContain('configuration_taken')
    await expect.poll(() => sidecar.stdout(), { timeout: 20_000 }).toContain('spans_lost')
    process.kill(sidecar.pid, 'SIGTERM')
    await expect.poll(() => sidecar.lives()).toBe(false)
    expect(strays(sidecar)).toEqual([])
    const seen = new Set([...sidecar.stdout().matchAll(/"msg":"([^"]+)"/g)].map(([, msg]) => msg))
    for (const msg of [
      'listening',
      'request',
      'backend_request',
      'preflight_refused',
      'the backend does not answer',
      'draining',
      'stopped',
    ])
      expect(seen).toContain(msg)
    expect(sidecar.stdout()).not.toContain('hidden')
  }, 60_000)
})

describe('a refusal in the log', () => {
  const lineOf = ({ stdout }: OpenSidecar, pattern: RegExp): Record<string, unknown> => {
    const lines = stdout()
      .split('\n')
      .filter((line) => pattern.test(line))
    return JSON.parse(lines.at(-1) as string) as Record<string, unknown>
  }

  async function openWith(config: Readonly<Record<string, object>>, backend = 'http://127.0.0.1:9'): Promise<OpenSidecar> {
    const sidecar = await openSidecar({ backend, config, trustedProxies: ['127.0.0.1'] })
    closing.push(() => sidecar.close())
    return sidecar
  }

  test('of the API says which host or origin was refused, and the address as a trusted proxy tells it', async () => {
    const sidecar = await openWith({})
    const headers = { 'x-forwarded-for': '203.0.113.7', origin: 'https://evil.example', authorization: `Bearer ${sidecar.credential}` }
    expect((await fetch(`${sidecar.origin}/ai/v1/models`, { headers })).status).toBe(403)
    await expect.poll(() => sidecar.stdout()).toContain('origin_not_allowed')
    expect(lineOf(sidecar, /origin_not_allowed/)).toMatchObject({
      msg: 'request',
      level: 'info',
      refused: 'https://evil.example',
      address: '203.0.113.7',
    })
  })

  test('of a request to the backend says what was asked, from where, and why there was no answer; bounded and redacted', async () => {
    const sidecar = await openWith({})
    const secret = `sk-proj-${'a1B2'.repeat(12)}`
    const path = `/reset/${secret}/${'x'.repeat(400)}?code=${secret}`
    const answer = await fetch(sidecar.origin + path, { headers: { 'x-forwarded-for': '203.0.113.7', origin: 'https://app.example' } })
    expect(answer.status).toBe(503)
    await expect.poll(() => sidecar.stdout()).toContain('backend_request')
    const line = lineOf(sidecar, /backend_request/)
    expect(line).toMatchObject({
      level: 'warn',
      method: 'GET',
      status: 503,
      code: 'backend_unavailable',
      address: '203.0.113.7',
      origin: 'https://app.example',
      request_id: answer.headers.get('x-request-id'),
      cause: expect.stringContaining('ECONNREFUSED'),
    })
    expect((line['path'] as string).length).toBe(200)
    expect(line['path']).toMatch(/^\/reset\/\[redacted\]\/x+$/)
    expect(sidecar.stdout()).not.toContain(secret.slice(0, 14))
  })

  test('an answer that the backend breaks off, or that comes too late, has a line too', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/late') return
      response.writeHead(200, { 'content-length': '100' })
      response.write('a part', () => setTimeout(() => request.socket.destroy(), 20))
    })
    const origin = await listenAnywhere(server)
    closing.push(() => {
      server.closeAllConnections()
      server.close()
    })
    const sidecar = await openWith({ backend: { timeouts: { headers: '300ms' } } }, origin)
    await fetch(`${sidecar.origin}/breaks`)
      .then((answer) => answer.text())
      .catch(() => {})
    await expect.poll(() => sidecar.stdout()).toContain('/breaks')
    expect(lineOf(sidecar, /\/breaks/)).toMatchObject({ level: 'warn', msg: 'backend_request', code: 'backend_failed', status: 200 })
    expect((await fetch(`${sidecar.origin}/late`)).status).toBe(504)
    await expect.poll(() => sidecar.stdout()).toContain('/late')
    expect(lineOf(sidecar, /\/late/)).toMatchObject({ level: 'warn', code: 'backend_timeout', status: 504 })
  })

  test('without log.access, a request that the backend answers has none', async () => {
    const server = createServer((_, response) => response.end('hello'))
    const origin = await listenAnywhere(server)
    closing.push(() => {
      server.closeAllConnections()
      server.close()
    })
    const silent = await openWith({}, origin)
    await (await fetch(`${silent.origin}/page`)).text()
    const told = await openWith({ log: { access: true } }, origin)
    await (await fetch(`${told.origin}/page`)).text()
    await expect.poll(() => told.stdout()).toContain('backend_request')
    expect(lineOf(told, /backend_request/)).toMatchObject({ level: 'info', method: 'GET', path: '/page', status: 200 })
    expect(lineOf(told, /backend_request/)).not.toHaveProperty('code')
    expect(silent.stdout()).not.toContain('backend_request')
  })
})
