import { hash, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMemoryStore } from '@postern/ports'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createAdminListener } from '../../sidecar/src/admin-listener.js'
import { createReadiness } from '../../sidecar/src/readiness/readiness.js'
import { watchStore } from '../../sidecar/src/readiness/watch-store.js'
import { type AdminAnswer, askAdmin } from '../support/ask-admin.js'
import { listenAnywhere, openHouse } from '../support/house.js'
import { runInProcess } from '../support/run-in-process.js'
import { type Finished, type RunningPostern, runPostern, startPostern } from '../support/run-postern.js'
import { timed } from '../support/stopwatch.js'

const reader = randomBytes(32).toString('base64url')
const other = randomBytes(32).toString('base64url')
const env = {
  KEY: 'sk_a_key_of_the_gateway',
  SESSION: randomBytes(32).toString('base64url'),
  RING: `agent:${hash('sha256', 'of an agent')}`,
}
const session = { secret: { env: 'SESSION' } }
const service = { hashes: { env: 'RING' }, principals: { agent: { team: 'acme' } } }

let cwd: string
let running: RunningPostern | undefined
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-readiness-'))
})
afterEach(async () => {
  running?.child.kill('SIGKILL')
  await running?.finished
  running = undefined
  rmSync(cwd, { recursive: true })
})

async function start(further: object): Promise<RunningPostern> {
  const config = {
    version: 1,
    listen: { port: 0 },
    admin: { socket: './admin.sock' },
    gateways: { main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1' } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { session },
    store: { sqlite: './store.db' },
    ...further,
  }
  writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
  running = startPostern(['start', '--config', 'postern.json'], { cwd, env })
  await running.prints(/"msg":"listening"/)
  return running
}

const ask = (what: string, credential?: string): Promise<AdminAnswer> =>
  askAdmin({ socketPath: join(cwd, 'admin.sock') }, what, { credential })
const readyz = async (): Promise<readonly [number, unknown]> => {
  const { status, body } = await ask('GET /readyz')
  return [status, body]
}
const health = (...options: string[]): Promise<Finished> => runInProcess(['health', ...options], { cwd })

/** Moves the files of the store out of its way, or back. */
function moveStore(from: string, to: string): void {
  for (const name of readdirSync(cwd).filter((each) => each.startsWith(`${from}.db`)))
    renameSync(join(cwd, name), join(cwd, name.replace(`${from}.db`, `${to}.db`)))
}

describe('the admin listener', () => {
  test('says that the process lives under two names, and that it is ready, to GET and to HEAD', async () => {
    await start({})
    for (const path of ['/livez', '/healthz']) {
      expect(await ask(`GET ${path}`)).toMatchObject({ status: 200, body: { status: 'ok' } })
      expect(await ask(`HEAD ${path}`)).toMatchObject({ status: 200, body: {} })
    }
    expect(await readyz()).toEqual([200, { status: 'ready' }])
    expect((await ask('HEAD /readyz')).status).toBe(200)
    expect((await ask('POST /readyz')).status).toBe(404)
  })

  test('is not ready while its store is lost and nobody can be identified without it, and is ready again once it is back', async () => {
    await start({})
    moveStore('store', 'away')
    await expect.poll(readyz, { timeout: 5000 }).toEqual([503, { status: 'refusing', because: 'store', impaired: ['store'] }])
    expect((await ask('GET /livez')).status).toBe(200)
    moveStore('away', 'store')
    await expect.poll(readyz, { timeout: 5000 }).toEqual([200, { status: 'ready' }])
  })

  test('stays ready while its store is lost and some callers need none, and says what is impaired', async () => {
    await start({ callers: { session, service } })
    moveStore('store', 'away')
    await expect.poll(readyz, { timeout: 5000 }).toEqual([200, { status: 'ready', impaired: ['store'] }])
    expect(await health('-c', 'postern.json')).toMatchObject({ code: 0, stdout: 'ready; impaired: store\n' })
  })

  test('tells why something is impaired, and since when, to who may read, and to nobody else', async () => {
    const credentials = {
      reader: { hash: hash('sha256', reader), roles: ['read'] },
      other: { hash: hash('sha256', other), roles: ['config'] },
    }
    await start({ callers: { session, service }, admin: { socket: './admin.sock', credentials } })
    moveStore('store', 'away')
    await expect.poll(readyz, { timeout: 5000 }).toEqual([200, { status: 'ready', impaired: ['store'] }])
    expect(await ask('GET /admin/v1/readiness', reader)).toMatchObject({
      status: 200,
      body: {
        status: 'ready',
        impaired: [{ part: 'store', since: expect.stringMatching(/^\d{4}-/), reason: expect.stringMatching(/store\.db/) }],
      },
    })
    expect((await ask('GET /admin/v1/readiness', other)).status).toBe(403)
    const { status, body } = await ask('GET /admin/v1/readiness')
    expect([status, JSON.stringify(body)]).toEqual([401, expect.stringContaining('credential whose hash stands under admin.credentials')])
    expect(JSON.stringify(body)).not.toMatch(/session token|sign in/)
  })

  test('is not ready where no binding leads to a key, unless a backend stands behind it', async () => {
    const { child, finished } = await start({ bindings: [] })
    expect(await readyz()).toEqual([503, { status: 'refusing', because: 'bindings' }])
    child.kill('SIGTERM')
    await finished
    await start({ bindings: [], backend: { url: 'http://127.0.0.1:9' } })
    expect(await readyz()).toEqual([200, { status: 'ready' }])
  })

  test('is not ready where nobody could be identified, since the ring of service callers names nobody', async () => {
    const emptied = { ...service, hashes: { file: './ring' } }
    writeFileSync(join(cwd, 'ring'), 'nobody')
    const { child, finished } = await start({ callers: { service: emptied } })
    expect(await readyz()).toEqual([503, { status: 'refusing', because: 'callers' }])
    writeFileSync(join(cwd, 'ring'), env.RING)
    expect((await ask('POST /admin/v1/reload')).status).toBe(200)
    expect(await readyz()).toMatchObject([200, { status: 'ready' }])
    child.kill('SIGTERM')
    await finished
    writeFileSync(join(cwd, 'ring'), 'nobody')
    await start({ callers: { service: emptied, session } })
    expect(await readyz()).toEqual([200, { status: 'ready' }])
    moveStore('store', 'away')
    await expect.poll(readyz, { timeout: 5000 }).toEqual([503, { status: 'refusing', because: 'store', impaired: ['store'] }])
  })

  test('is not ready from the moment that it is told to stop', async () => {
    const house = await openHouse({ store: createMemoryStore() })
    const server = createAdminListener({ instance: house.runtime })
    const url = await listenAnywhere(server)
    expect((await askAdmin({ url }, 'GET /readyz')).status).toBe(200)
    house.runtime.drain()
    expect(await askAdmin({ url }, 'GET /readyz')).toMatchObject({ status: 503, body: { status: 'draining' } })
    server.close()
    await house.close()
  })

  test('waits half a second at most for a store that does not answer', async () => {
    const memory = createMemoryStore()
    const silent = { ...memory, revocations: { ...memory.revocations, after: () => new Promise<never>(() => {}) } }
    const house = await openHouse({ store: createMemoryStore() })
    const readiness = createReadiness({ instance: house.runtime, store: watchStore(silent, () => {}) })
    const { result, ms } = await timed(readiness.look())
    expect(result).toMatchObject({ status: 'ready', impaired: [{ part: 'store', reason: 'It does not answer in time.' }] })
    expect(ms).toBeLessThan(5000)
    await house.close()
  })
})

describe('postern health', () => {
  test('ends with 0 and one line where the sidecar is ready, whatever has become of its configuration since', async () => {
    await start({})
    const alone = await runPostern(['health', '--config', 'postern.json'], { cwd })
    expect(alone).toMatchObject({ code: 0, stdout: 'ready\n', stderr: '' })
    expect(JSON.parse((await health('--config', 'postern.json', '--json')).stdout)).toEqual({ status: 'ready' })
    writeFileSync(join(cwd, 'postern.json'), '{ "admin": { "socket": "./admin.sock" }, "nonsense": true }')
    expect(await health('--config', 'postern.json')).toMatchObject({ code: 0, stdout: 'ready\n' })
    writeFileSync(join(cwd, 'postern.json'), '{ broken')
    expect(await health('--socket', 'admin.sock')).toMatchObject({ code: 0, stdout: 'ready\n' })
  })

  test('ends with 1 and the reason where the sidecar is not ready, or does not run', async () => {
    const { child, finished } = await start({ bindings: [] })
    expect(await health('-c', 'postern.json')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'not ready: refusing every call, because of bindings\n',
    })
    child.kill('SIGKILL')
    await finished
    expect(await runPostern(['health', '-c', 'postern.json'], { cwd })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/cannot be asked at .*admin\.sock/),
    })
    writeFileSync(join(cwd, 'postern.json'), '{}')
    expect(await health('-c', 'postern.json')).toMatchObject({ code: 1, stderr: expect.stringContaining('names no admin listener') })
  })

  test('ends with 2 where it is used wrongly', async () => {
    expect(await health('--port', 'many')).toMatchObject({ code: 2 })
    expect(await health('--port', '1', '--socket', 'admin.sock')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('cannot be used with'),
    })
  })
})
