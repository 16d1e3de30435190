import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConfigInput } from '@postern/config'
import { issueKey, startEmulator } from '@postern/emulator'
import { type Store, createMemoryStore } from '@postern/ports'
import { afterEach, describe, expect, test } from 'vitest'
import { watchStore } from '../../sidecar/src/readiness/watch-store.js'
import { openExposition } from '../../sidecar/src/telemetry/exposition.js'
import { createMeter, type Meter } from '../../sidecar/src/telemetry/meter.js'
import { metricTable } from '../../sidecar/src/telemetry/metric-table.js'
import { freePort } from '../support/free-port.js'
import { startHoldingGateway } from '../support/holding-gateway.js'
import { plainCompletion, startHostileUpstream } from '../support/hostile-upstream.js'
import { doorNames, type House, type HouseOptions, listenAnywhere, openHouse } from '../support/house.js'
import { type OpenSidecar, openSidecar } from '../support/open-sidecar.js'
import { findProgram } from '../support/programs.js'
import { rawExchange } from '../support/raw-exchange.js'
import { type ReadMetrics, readMetrics } from '../support/read-metrics.js'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const root = join(import.meta.dirname, '../..')
const none = 'http://127.0.0.1:9'

interface CountedHouse {
  readonly house: House
  readonly meter: Meter
  read(): Promise<ReadMetrics>
}

/** A house whose calls are counted. */
async function openCounted(options: HouseOptions = {}): Promise<CountedHouse> {
  let meter: Meter | undefined
  const house = await openHouse({ ...options, witness: (event) => meter?.witness(event) })
  closing.push(() => house.close())
  meter = createMeter(() => ({ config: house.runtime.config, prices: undefined }))
  const expose = await openExposition(meter.families)
  return { house, meter, read: async () => readMetrics((await expose()).text) }
}

async function sidecarWith(config: Readonly<Record<string, object>>, more: Partial<Parameters<typeof openSidecar>[0]> = {}) {
  const sidecar = await openSidecar({ backend: none, config, ...more })
  closing.push(() => sidecar.close())
  return sidecar
}

const metricsOf = ({ stdout }: OpenSidecar): string => /"metrics":"([^"]+)"/.exec(stdout())?.[1] as string
const prometheus = { telemetry: { prometheus: { port: 0 } } }

async function emulated(): Promise<{ readonly gateway: string; readonly env: Readonly<Record<string, string>> }> {
  const key = issueKey('joytoken')
  const emulator = await startEmulator('joytoken', { keys: [key] })
  closing.push(() => emulator.close())
  return { gateway: emulator.baseURL, env: { KEY: key.secret } }
}

const chat = ({ origin, credential }: OpenSidecar, body: object = {}): Promise<string> =>
  fetch(`${origin}/ai/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${credential}` },
    body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'Hello' }], ...body }),
  }).then((answer) => answer.text())

describe.each(doorNames)('calls behind the %s door', (door) => {
  const config: Partial<ConfigInput> = { policies: { models: ['auto', 'known/*', 'stream'] } }

  test('are counted by gateway, key, model, status and code, with tokens, cost and times', async () => {
    const { house, read } = await openCounted({ door, config })
    await (await house.chat()).text()
    await (await house.chat({ body: { stream: true } })).text()
    await house.chat({ credential: null })
    await expect.poll(() => house.ledger.entries.length).toBe(3)
    const metrics = await read()
    const own = { gateway: 'main', key: 'acme', model: 'auto' }
    expect(metrics.sum('postern_calls_total', { ...own, status: '2xx', code: 'none' })).toBe(2)
    expect(metrics.sum('postern_calls_total', { gateway: 'none', key: 'none', status: '4xx', code: 'caller_missing' })).toBe(1)
    expect(metrics.sum('postern_call_endings_total', { finish: 'complete' })).toBe(2)
    const used = house.ledger.entries.map(({ usage }) => usage)
    const sum = (type: 'input' | 'output'): number => used.reduce((total, usage) => total + (usage?.[type] ?? 0), 0)
    expect(sum('output')).toBeGreaterThan(0)
    for (const type of ['input', 'output'] as const) expect(metrics.sum('postern_tokens_total', { ...own, type })).toBe(sum(type))
    expect(metrics.sum('gen_ai_client_token_usage_count', { type: 'output' })).toBe(2)
    const costs = house.ledger.entries.reduce((total, { cost }) => total + (cost?.amount ?? 0), 0)
    expect(metrics.sum('postern_cost_total', { ...own, unit: 'credits' })).toBe(Number(costs.toFixed(9)))
    expect(metrics.sum('http_server_request_duration_seconds_count')).toBe(3)
    expect(metrics.sum('postern_overhead_seconds_count', { gateway: 'main' })).toBe(2)
    expect(metrics.sum('gen_ai_server_time_to_first_token_seconds_count', { model: 'auto' })).toBe(1)
    expect(metrics.sum('postern_stream_largest_gap_seconds_count')).toBe(1)
    const [largest, mean] = [metrics.sum('postern_stream_largest_gap_seconds_sum'), metrics.sum('postern_stream_mean_gap_seconds_sum')]
    expect(mean).toBeGreaterThan(0)
    expect(largest).toBeGreaterThanOrEqual(mean)
    expect(metrics.sum('http_server_active_requests')).toBe(0)
  })

  test('are under way, and streams open, until they end, also where the client leaves', async () => {
    const gateway = await startHoldingGateway()
    closing.push(() => gateway.close())
    const { house, read } = await openCounted({ door, config, baseURL: gateway.baseURL })
    const open = async (): Promise<readonly number[]> => {
      const metrics = await read()
      return [metrics.sum('http_server_active_requests'), metrics.sum('postern_open_streams')]
    }
    const leaving = new AbortController()
    const stays = await house.chat({ body: { model: 'stream', stream: true } })
    await house.chat({ body: { model: 'stream', stream: true }, signal: leaving.signal })
    await expect.poll(open).toEqual([2, 2])
    leaving.abort()
    await expect.poll(open).toEqual([1, 1])
    gateway.finish()
    await stays.text()
    await expect.poll(open).toEqual([0, 0])
    expect((await read()).sum('postern_call_endings_total', { finish: 'client_closed' })).toBe(1)
  })

  test('that an error in the first event refuses leave no stream open', async () => {
    const upstream = await startHostileUpstream((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: {"error":{"message":"It failed.","code":500}}\n\n')
    })
    closing.push(() => upstream.close())
    const { house, read } = await openCounted({ door, config, baseURL: upstream.baseURL })
    expect((await house.chat({ body: { stream: true } })).status).toBeGreaterThanOrEqual(500)
    await expect.poll(() => house.ledger.entries.length).toBe(1)
    expect((await read()).sum('postern_open_streams')).toBe(0)
  })

  test('that a limit refuses are counted by the name of its rule, and what is set aside is open until the call ends', async () => {
    const gateway = await startHoldingGateway()
    closing.push(() => gateway.close())
    const rules = [
      { name: 'two-at-once', streams: 2 },
      { each: 'user' as const, per: 'day' as const, requests: 5 },
    ]
    const { house, read } = await openCounted({ door, config: { ...config, limits: { rules } }, baseURL: gateway.baseURL })
    const streams = await Promise.all([1, 2].map(() => house.chat({ body: { model: 'stream', stream: true } })))
    expect((await house.chat({ body: { model: 'stream', stream: true } })).status).toBe(429)
    const metrics = await read()
    expect(metrics.sum('postern_limit_refusals_total', { rule: 'two-at-once', code: 'too_many_streams' })).toBe(1)
    for (const rule of ['two-at-once', 'each-user-day']) {
      expect(metrics.sum('postern_reservations_total', { rule })).toBe(2)
      expect(metrics.sum('postern_reservations_open', { rule })).toBe(2)
    }
    gateway.finish()
    await Promise.all(streams.map((answer) => answer.text()))
    await expect.poll(async () => (await read()).sum('postern_reservations_open')).toBe(0)
  })

  test('that wait for their turn at a gateway are counted while they wait, and for how long', async () => {
    const bucket = { burst: 2, perMinute: 300 }
    const { house, read } = await openCounted({
      door,
      config,
      gateway: 'freeai',
      emulator: { addressBucket: { burst: 100, perMinute: 6000 } },
      settings: { addressLimit: { ...bucket, longestWait: '30s' } },
    })
    const answers = Array.from({ length: 3 }, () => house.chat())
    await expect.poll(async () => (await read()).sum('postern_queue_waiting')).toBeGreaterThan(0)
    await Promise.all(answers)
    const metrics = await read()
    expect(metrics.sum('postern_queue_waiting')).toBe(0)
    expect(metrics.sum('postern_queue_wait_seconds_count', { result: 'granted' })).toBe(2)
    expect(metrics.sum('postern_queue_wait_seconds_sum', { result: 'granted' })).toBeGreaterThan(0)
  })

  test('whose key the gateway refuses, or whose answer holds a key, are counted by the alias of that key', async () => {
    const found: string[] = []
    let asked = 0
    const upstream = await startHostileUpstream((_, response) => {
      asked += 1
      if (asked === 1) response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":{"message":"no such key"}}')
      else
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ ...(JSON.parse(plainCompletion) as object), id: found[0] }))
    })
    closing.push(() => upstream.close())
    const { house, read } = await openCounted({ door, config, baseURL: upstream.baseURL })
    found.push(house.keys.globex.secret)
    await house.chat()
    await house.chat()
    const metrics = await read()
    expect(metrics.sum('postern_keys_rejected_total', { gateway: 'main', key: 'acme' })).toBe(1)
    expect(metrics.sum('postern_attempts_failed_total', { key: 'acme', code: 'gateway_key_rejected' })).toBe(1)
    expect(metrics.sum('postern_leaks_found_total', { key: 'globex' })).toBe(1)
  })
})

describe('what Postern depends on', () => {
  test('an issuer is up until its keys cannot be fetched, and again when they can', async () => {
    let status = 503
    const server = createServer((_, response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end('{"keys":[{"kty":"oct","kid":"a"}]}')
    })
    const origin = await listenAnywhere(server)
    closing.push(() => server.close())
    const jwks = `${origin}/jwks.json`
    const { house, read } = await openCounted({
      callers: { jwt: [{ issuer: 'https://idp.example/', jwks, audience: 'postern', algorithms: ['RS256'], claims: { user: 'sub' } }] },
    })
    const ask = async (): Promise<number> => {
      const token = [
        { alg: 'RS256', kid: 'b' },
        { iss: 'https://idp.example/', aud: 'postern', sub: 'ada', exp: 4_000_000_000 },
      ]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .join('.')
      await house.chat({ credential: `${token}.c2lnbmF0dXJl` })
      return (await read()).sum('postern_issuer_up', { issuer: jwks })
    }
    expect((await read()).sum('postern_issuer_up', { issuer: jwks })).toBe(1)
    expect(await ask()).toBe(0)
    status = 200
    await expect.poll(ask, { timeout: 10_000, interval: 300 }).toBe(1)
  }, 20_000)

  test('the store is up until it cannot be asked, and again when it can', async () => {
    const memory = createMemoryStore()
    let isLost = true
    const after: Store['revocations']['after'] = (mark) =>
      isLost ? Promise.reject(new Error('It is away.')) : memory.revocations.after(mark)
    const { meter, read } = await openCounted()
    const { store } = watchStore({ ...memory, revocations: { ...memory.revocations, after } }, meter.witness)
    expect((await read()).sum('postern_store_up')).toBe(1)
    await store.revocations.after().catch(() => {})
    expect((await read()).sum('postern_store_up')).toBe(0)
    isLost = false
    await store.revocations.after()
    expect((await read()).sum('postern_store_up')).toBe(1)
  })

  test('the backend is up until it does not answer, and its requests are counted by status and code', async () => {
    const server = createServer((request, response) => response.writeHead(request.url === '/no' ? 404 : 200).end('x'))
    const origin = await listenAnywhere(server)
    closing.push(() => server.close())
    const sidecar = await sidecarWith(prometheus, { backend: origin })
    const read = async (): Promise<ReadMetrics> => readMetrics(await (await fetch(`${metricsOf(sidecar)}/metrics`)).text())
    for (const path of ['/', '/no']) await (await fetch(sidecar.origin + path)).text()
    await expect.poll(async () => (await read()).sum('postern_backend_requests_total')).toBe(2)
    expect((await read()).sum('postern_backend_up')).toBe(1)
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
    expect((await fetch(sidecar.origin)).status).toBe(503)
    await expect.poll(async () => (await read()).sum('postern_backend_up')).toBe(0)
    const metrics = await read()
    expect(metrics.sum('postern_backend_requests_total', { status: '5xx', code: 'backend_unavailable' })).toBe(1)
    expect(metrics.sum('postern_backend_requests_total', { status: '4xx', code: 'none' })).toBe(1)
    expect(metrics.sum('postern_backend_request_duration_seconds_count')).toBe(3)
  })

  test('reloads are counted by what asked for them, and whether they were taken', async () => {
    const { meter, read } = await openCounted()
    meter.witness({ type: 'configuration_taken', by: 'signal', changed: [], laxer: [], warnings: [] })
    meter.witness({ type: 'configuration_refused', by: 'admin', problems: [] })
    const metrics = await read()
    expect(metrics.sum('postern_reloads_total', { by: 'signal', result: 'taken' })).toBe(1)
    expect(metrics.sum('postern_reloads_total', { by: 'admin', result: 'refused' })).toBe(1)
  })
})

describe('the listener for Prometheus', () => {
  test('answers GET and HEAD of /metrics, once on each connection, and nothing else', async () => {
    const sidecar = await sidecarWith(prometheus)
    const origin = metricsOf(sidecar)
    const answer = await fetch(`${origin}/metrics`)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(await answer.text()).toContain('# TYPE postern_calls_total counter')
    const head = await fetch(`${origin}/metrics`, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect((await fetch(`${origin}/metrics`, { method: 'POST', body: 'x' })).status).toBe(405)
    for (const path of ['/', '/metrics/', '/metrics?x', '/livez', '/readyz', '/admin/v1/sessions', '/ai/v1/models'])
      expect([path, (await fetch(origin + path)).status]).toEqual([path, 404])
    expect((await fetch(`${sidecar.origin}/metrics`)).status).toBe(503)
    const twice = await rawExchange(origin, 'GET /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.repeat(2))
    expect(twice.match(/HTTP\/1\.1 /g)).toHaveLength(1)
    expect(twice.toLowerCase()).toContain('connection: close')
  })

  test('on an address of this machine alone, answers nobody who names another host, as a page does whose name leads here', async () => {
    const origin = metricsOf(await sidecarWith(prometheus))
    const status = async (host: string): Promise<string | undefined> =>
      /^HTTP\/1\.1 (\d+)/.exec(await rawExchange(origin, `GET /metrics HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`))?.[1]
    for (const host of ['127.0.0.1', 'localhost', 'LOCALHOST:9464', '[::1]:9464', '127.0.0.1:1'])
      expect([host, await status(host)]).toEqual([host, '200'])
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '10.0.0.1:9464'])
      expect([host, await status(host)]).toEqual([host, '421'])
    expect(await rawExchange(origin, 'GET /metrics HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
  })

  test('that cannot have its port yet keeps no call from being served, says so, and has it as soon as it is free', async () => {
    const port = await freePort()
    const other = createServer((_, response) => response.end('other'))
    await new Promise<void>((done) => {
      other.listen(port, '127.0.0.1', done)
    })
    const sidecar = await sidecarWith({ telemetry: { prometheus: { port } } }, await emulated())
    expect(await chat(sidecar)).toContain('"choices"')
    expect(sidecar.stdout()).toContain('"for":"metrics"')
    other.closeAllConnections()
    await new Promise((done) => other.close(done))
    await expect
      .poll(
        () =>
          fetch(`http://127.0.0.1:${port}/metrics`).then(
            (answer) => answer.text(),
            () => '',
          ),
        { timeout: 15_000 },
      )
      .toContain('postern_calls_total{gateway="main"')
  })
})

describe('the admin listener', () => {
  const secret = randomBytes(32).toString('base64url')
  const reader = randomBytes(32).toString('base64url')

  test('has the same text under /metrics, with what came before it was first asked, for those who may read', async () => {
    const { hash } = await import('node:crypto')
    const admin = {
      port: 0,
      secret: { env: 'ADMIN' },
      credentials: {
        sees: { hash: hash('sha256', reader), roles: ['read'] },
        mints: { hash: hash('sha256', `${reader}-of-another`), roles: ['sessions'] },
      },
    }
    const { gateway, env } = await emulated()
    const sidecar = await sidecarWith({ admin }, { gateway, env: { ...env, ADMIN: secret } })
    await chat(sidecar)
    const origin = /"admin":"([^"]+)"/.exec(sidecar.stdout())?.[1] as string
    const ask = (credential?: string): Promise<Response> =>
      fetch(`${origin}/metrics`, credential === undefined ? {} : { headers: { authorization: `Bearer ${credential}` } })
    expect((await ask()).status).toBe(401)
    expect((await ask(`${reader}-of-another`)).status).toBe(403)
    for (const credential of [secret, reader]) {
      const answer = await ask(credential)
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
      expect(readMetrics(await answer.text()).sum('postern_calls_total', { gateway: 'main', key: 'acme', status: '2xx' })).toBe(1)
    }
  })
})

describe('a start without telemetry', () => {
  test('loads neither prom-client nor OpenTelemetry', async () => {
    const sidecar = await sidecarWith({}, { env: { NODE_DEBUG: 'esm' } })
    const loaded = sidecar.stderr()
    expect(loaded).toMatch(/start-|commands\/start/)
    expect(loaded).not.toMatch(/prom-client|opentelemetry|telemetry\/meter|exposition|otlp/)
  })

  test('is the only one: with it they are loaded, so the search above would find them', async () => {
    const sidecar = await sidecarWith(prometheus, { env: { NODE_DEBUG: 'esm' } })
    expect(sidecar.stderr()).toMatch(/prom-client|exposition/)
  })
})

describe('the dashboards', () => {
  const folder = join(root, 'deploy/grafana')
  interface Panel {
    readonly title: string
    readonly targets: readonly { readonly expr: string }[]
  }
  const dashboards = readdirSync(folder).map((name) => ({
    name,
    panels: (JSON.parse(readFileSync(join(folder, name), 'utf8')) as { panels: readonly Panel[] }).panels,
  }))
  /** With Grafana's variables replaced as Grafana would. */
  const queries = dashboards.flatMap(({ panels }) =>
    panels.flatMap(({ targets }) => targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$\w+/g, '.*'))),
  )

  test('ask for names and labels that are exported, and for each of ours', async () => {
    const { read } = await openCounted()
    const exported = new Set((await read()).names)
    const asked = queries.flatMap((query) => query.match(/\b(?:postern|http_server|gen_ai|process|nodejs)_\w+/g) ?? [])
    const bare = asked.map((name) => (exported.has(name) ? name : name.replace(/_(?:bucket|sum|count)$/, '')))
    expect(dashboards.map(({ name }) => name)).toEqual(['calls.json', 'operations.json'])
    expect(bare.filter((name) => !exported.has(name))).toEqual([])
    expect(
      Object.values(metricTable)
        .map(({ name }) => name as string)
        .filter((name) => !bare.includes(name)),
    ).toEqual([])
    const labels = new Set<string>(['le', ...Object.values(metricTable).flatMap(({ labels: own }) => own as readonly string[])])
    const named = queries.flatMap((query) => [
      ...[...query.matchAll(/by \(([^)]+)\)/g)].flatMap(([, list = '']) => list.split(', ')),
      ...[...query.matchAll(/(\w+)[=!]~?"/g)].map(([, label = '']) => label),
    ])
    expect(named.filter((label) => !labels.has(label))).toEqual([])
  })

  const promtool = findProgram('prometheus')

  test.skipIf(promtool === undefined)('are queries that promtool reads, and so is the text that a process exports', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'postern-promtool-'))
    closing.push(() => rmSync(directory, { recursive: true }))
    const rules = queries.map((expr, index) => ({ record: `query_${index}`, expr }))
    writeFileSync(join(directory, 'rules.json'), JSON.stringify({ groups: [{ name: 'dashboards', rules }] }))
    const checked = execFileSync(promtool as string, ['check', 'rules', join(directory, 'rules.json')], { encoding: 'utf8' })
    expect(checked).toContain(`SUCCESS: ${rules.length} rules found`)

    const sidecar = await sidecarWith(prometheus, await emulated())
    await chat(sidecar)
    await chat(sidecar, { stream: true })
    await fetch(sidecar.origin)
    const input = await (await fetch(`${metricsOf(sidecar)}/metrics`)).text()
    expect(execFileSync(promtool as string, ['check', 'metrics'], { input, encoding: 'utf8' })).toBe('')
  })
})
