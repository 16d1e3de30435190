import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createMemoryStore } from '@postern/ports'
import { afterEach, expect, test } from 'vitest'
import { createGuardedServer } from '../../sidecar/src/guarded-server.js'
import { createHealthListener } from '../../sidecar/src/health-listener.js'
import { listen } from '../../sidecar/src/listen.js'
import { createReadiness } from '../../sidecar/src/readiness/readiness.js'
import { startSidecar } from '../../sidecar/src/sidecar.js'
import { openHouse } from '../support/house.js'
import { rawExchange } from '../support/raw-exchange.js'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function open() {
  const house = await openHouse({ store: createMemoryStore(), config: { listen: { port: 0 }, health: { port: 0 } } })
  closing.push(() => house.close().catch(() => {}))
  const sidecar = await startSidecar({ runtime: house.runtime, directory: process.cwd() })
  closing.push(() => sidecar.close())
  return { house, sidecar, origin: sidecar.health as string }
}

const get = async (url: string, method = 'GET'): Promise<readonly [number, string]> => {
  const answer = await fetch(url, { method })
  return [answer.status, await answer.text()]
}

test('the listener for probes says in fixed words that the process lives and is ready, to GET and HEAD, and nothing else', async () => {
  const { house, sidecar, origin } = await open()
  for (const path of ['/livez', '/healthz']) expect(await get(origin + path)).toEqual([200, 'ok\n'])
  expect(await get(`${origin}/readyz`)).toEqual([200, 'ready\n'])
  expect(await get(`${origin}/readyz`, 'HEAD')).toEqual([200, ''])
  expect(await get(`${origin}/readyz`, 'POST')).toEqual([405, 'method not allowed\n'])
  for (const path of ['/', '/readyz/', '/readyz?x', '/admin/v1/sessions', '/admin/v1/readiness', '/ai/v1/models', '/metrics'])
    expect(await get(origin + path)).toEqual([404, 'not found\n'])
  const answer = await rawExchange(origin, 'GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n')
  expect(answer.toLowerCase()).not.toMatch(/server:|powered|postern|version/)
  for (const path of ['/livez', '/readyz']) expect((await fetch(sidecar.url + path)).status).toBe(404)
  expect(house.ledger.entries.filter(({ path }) => path === '/admin/v1/sessions')).toEqual([])
})

test('the listener for probes says that a process which drains lives and is not ready, until its last call has ended', async () => {
  const { house, sidecar, origin } = await open()
  house.runtime.drain()
  await expect.poll(() => get(`${origin}/readyz`), { timeout: 5000 }).toEqual([503, 'not ready\n'])
  expect(await get(`${origin}/livez`)).toEqual([200, 'ok\n'])
  await sidecar.close()
  await expect(fetch(`${origin}/livez`)).rejects.toThrow()
})

test.each([
  ['has just said that it is ready', false],
  ['is being looked at in that moment', true],
])('the listener for probes says at once that a process leaves which %s', async (_, isLooking) => {
  const { house } = await open()
  const readiness = createReadiness({ instance: house.runtime })
  const server = createHealthListener({
    get isLeaving() {
      return readiness.isLeaving
    },
    leave: () => readiness.leave(),
    async look() {
      const seen = await readiness.look()
      if (isLooking) readiness.leave()
      return seen
    },
  })
  closing.push(() => server.close())
  const origin = await listen(server, { host: '127.0.0.1', port: 0 })
  if (!isLooking) {
    expect(await get(`${origin}/readyz`)).toEqual([200, 'ready\n'])
    readiness.leave()
  }
  expect(await get(`${origin}/readyz`)).toEqual([503, 'not ready\n'])
})

/** Opens a connection to the listener for probes, from another address of this machine where one is given. */
function openConnection(origin: string, text: string, localAddress = '127.0.0.1') {
  const { hostname, port } = new URL(origin)
  const socket = connect({ host: hostname, port: Number(port), localAddress }).on('error', () => {})
  let heard = ''
  socket.on('data', (piece: Buffer) => (heard += piece.toString()))
  const closed = new Promise<void>((done) => {
    socket.on('close', () => done())
  })
  socket.write(text)
  closing.push(() => socket.destroy())
  return { socket, closed, heard: () => heard }
}

test.each([
  ['asks for nothing', ''],
  ['sends half a head', 'GET /livez HTTP/1.1\r\nHost'],
  ['expects what is not known', 'GET /livez HTTP/1.1\r\nHost: a\r\nExpect: y\r\n\r\n'],
  ['announces a body', 'POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n'],
])(
  'whoever %s at the listener for probes holds few connections for a short time, and keeps no probe out',
  async (_, text) => {
    const { origin } = await open()
    const held = Array.from({ length: 80 }, () => openConnection(origin, text))
    expect(await get(`${origin}/livez`)).toEqual([200, 'ok\n'])
    expect(held.filter(({ socket }) => !socket.destroyed).length).toBeLessThan(20)
    const crowd = Array.from({ length: 8 }, (_each, place) =>
      Array.from({ length: 16 }, () => openConnection(origin, text, `127.0.0.${place + 2}`)),
    )
    expect(await get(`${origin}/livez`)).toEqual([200, 'ok\n'])
    // Nobody has closed anything.
    await Promise.all([...held, ...crowd.flat()].map(({ closed }) => closed))
  },
  30_000,
)

test('the listener for probes gives one answer a connection in fixed words, also to what Node would answer by itself', async () => {
  const { house, origin } = await open()
  const expecting = 'GET /livez HTTP/1.1\r\nHost: a\r\nExpect: y\r\n\r\n'
  for (const [text, status] of [
    [expecting.repeat(3), 417],
    ['GET /livez HTTP/1.1\r\n\r\n', 400],
    ['nonsense\r\n\r\n', 400],
    ['GET /livez HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3), 200],
    ['POST /livez HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n', 405],
  ] as const) {
    const { closed, heard } = openConnection(origin, text)
    await closed
    expect(heard()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(heard().match(/HTTP\/1\.1 /g)).toHaveLength(1)
    expect(heard().toLowerCase()).toContain('connection: close')
    expect(heard().toLowerCase()).not.toMatch(/postern|x-request-id|keep-alive/)
  }
  const { closed, heard } = openConnection(origin, 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n')
  await closed
  expect(heard()).toBe('')
  expect(house.ledger.entries).toEqual([])
})

test('every listener is made by the one function that leaves nothing to Node', () => {
  const folder = join(import.meta.dirname, '../../sidecar/src')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  const makers = files.filter((name) => /\bcreateServer\b|\bnew Server\b/.test(readFileSync(join(folder, name), 'utf8')))
  expect(makers).toEqual(['guarded-server.ts'])
  for (const name of ['admin-listener.ts', 'data-listener.ts', 'health-listener.ts', 'telemetry/metrics-listener.ts'])
    expect(readFileSync(join(folder, name), 'utf8')).toContain('createGuardedServer(')
  expect(() =>
    createGuardedServer(
      {},
      () => {},
      () => {},
    ),
  ).toThrow(/checkExpectation, clientError, connect/)
})
