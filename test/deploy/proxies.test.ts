import { execFile, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../support/free-port.js'
import { end, type Nginx, startNginx, untilListens } from '../support/nginx.js'
import { findProgram } from '../support/programs.js'
import { deployFolder, type Replicas, startReplicas } from '../support/replicas.js'
import { startLoad } from '../support/steady-load.js'
import { askThrough, type ProxyPlace, streamThrough, textOf } from '../support/through-proxy.js'

const execute = promisify(execFile)

/** Pause between the events of the gateway, in milliseconds: far longer than a proxy needs for one. */
const eventDelayMs = 100

const hasRedis = findProgram('redis-server') !== undefined

/** What holds behind every proxy whose configuration is in `deploy`. */
function holdsBehind(place: () => ProxyPlace, replicas: () => Replicas, scheme: string): void {
  test('a stream passes event by event, as the gateway sends it', async () => {
    const { text, times } = await streamThrough(place(), replicas().credential)
    expect(text).toContain('data: [DONE]')
    const events = text.split('\n\n').filter((event) => event.startsWith('data: {')).length
    expect(events).toBeGreaterThan(5)
    // Whoever holds events back hands out several at once: fewer pieces than events.
    expect(times.length).toBeGreaterThanOrEqual(events)
    expect(times.at(-1) as number).toBeGreaterThan((events - 2) * eventDelayMs * 0.9)
  })

  test('Host, scheme and client are what the proxy knows, whatever a client writes', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-host': 'evil.example.com', 'x-forwarded-proto': 'gopher' }
    const answer = await askThrough(place(), { path: '/echo/x', headers })
    const echoed = (JSON.parse(await textOf(answer)) as { headers: Record<string, string> }).headers
    expect(echoed).toMatchObject({ host: 'app.example.com', 'x-forwarded-host': 'app.example.com', 'x-forwarded-proto': scheme })
    expect(echoed['x-forwarded-for']).not.toContain('203.0.113.9')
    const other = askThrough(place(), { path: '/echo/x', headers: { host: 'evil.example.com' } }).then(textOf, () => '')
    expect(await other).not.toContain('evil.example.com')
  })

  test('a body of several megabytes reaches the backend whole', async () => {
    const body = 'x'.repeat(5 * 1024 * 1024)
    const answer = await askThrough(place(), { path: '/upload', method: 'PUT' }, body)
    expect(JSON.parse(await textOf(answer))).toMatchObject({ bytes: body.length })
  })
}

describe.skipIf(!hasRedis || findProgram('nginx') === undefined)('two replicas behind Debian’s nginx with deploy/nginx.conf', () => {
  let replicas: Replicas
  let nginx: Nginx
  beforeAll(async () => {
    replicas = await startReplicas(eventDelayMs)
    nginx = await startNginx(replicas.folder, replicas.ports)
  }, 60_000)
  afterAll(async () => {
    await nginx.close()
    await replicas.close()
  })

  holdsBehind(
    () => ({ port: nginx.port, authority: readFileSync(nginx.certificates.authority) }),
    () => replicas,
    'https',
  )

  test('a rolling restart by deploy/rolling-restart.sh fails no call and cuts no stream', { timeout: 240_000 }, async () => {
    const load = startLoad({
      url: `http://127.0.0.1:${nginx.plainPort}/ai/v1`,
      credential: replicas.credential,
      perSecond: { onNewConnections: 80, byOpenai: 16, streams: 4 },
    })
    await expect.poll(() => load.told().ended, { timeout: 60_000 }).toBeGreaterThan(100)
    const env = { PATH: process.env['PATH'], ...replicas.rolling, ...nginx.rolling }
    const restarted = await execute(join(deployFolder, 'rolling-restart.sh'), replicas.ports.map(String), { env })
    const before = load.told().ended
    await expect.poll(() => load.told().ended, { timeout: 60_000 }).toBeGreaterThan(before + 100)
    const told = await load.stop()
    expect(restarted.stdout.match(/is restarted/g)).toHaveLength(2)
    expect(replicas.ended).toEqual([
      { code: 0, stderr: '' },
      { code: 0, stderr: '' },
    ])
    expect(told.failures).toEqual([])
    expect(told.streams).toBeGreaterThan(5)
    expect(readFileSync(nginx.rolling['UPSTREAMS'] as string, 'utf8')).not.toMatch(/ down;/)
  })

  test('the script touches nothing where it is told of a replica that nginx does not know', async () => {
    const env = { PATH: process.env['PATH'], ...replicas.rolling, ...nginx.rolling }
    const wrong = execute(join(deployFolder, 'rolling-restart.sh'), [String(replicas.ports[0]), '1'], { env })
    await expect(wrong).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('has no replica at port 1.') as string })
  })
})

describe.skipIf(!hasRedis || findProgram('caddy') === undefined)('two replicas behind Caddy with deploy/Caddyfile', () => {
  let replicas: Replicas
  let port: number
  let close: () => Promise<void>
  beforeAll(async () => {
    replicas = await startReplicas(eventDelayMs)
    port = await freePort()
    // Without TLS: Caddy gets its certificates from outside.
    const written = readFileSync(join(deployFolder, 'Caddyfile'), 'utf8')
      .replace(
        /^app\.example\.com \{/m,
        `{\n\tadmin off\n\tauto_https off\n}\n\nhttp://app.example.com:${port}, http://127.0.0.1:${port} {\n\tbind 127.0.0.1`,
      )
      .replace('127.0.0.1:8787 127.0.0.1:8788', replicas.ports.map((each) => `127.0.0.1:${each}`).join(' '))
    const file = join(replicas.folder, 'Caddyfile')
    writeFileSync(file, written)
    const child = spawn(findProgram('caddy') as string, ['run', '--config', file, '--adapter', 'caddyfile'], {
      stdio: 'ignore',
      env: { PATH: process.env['PATH'], HOME: replicas.folder },
    })
    close = () => end(child)
    await untilListens(child, port)
  }, 60_000)
  afterAll(async () => {
    await close()
    await replicas.close()
  })

  holdsBehind(
    () => ({ port, authority: undefined }),
    () => replicas,
    'http',
  )
})
