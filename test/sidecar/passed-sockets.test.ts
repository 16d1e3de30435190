import { hash } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { takePassedSockets } from '../../sidecar/src/restart/passed-sockets.js'
import { askAdmin } from '../support/ask-admin.js'
import { freePort } from '../support/free-port.js'
import { type RunningPostern, type RunOptions, startPostern } from '../support/run-postern.js'
import { openSocketToPass, type SocketToPass } from '../support/socket-to-pass.js'

const env = { KEY: 'sk_a_key_of_the_gateway', RING: `agent:${hash('sha256', 'agent credential')}` }

let cwd: string
const running: RunningPostern[] = []
const sockets: SocketToPass[] = []
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-passed-'))
})
afterEach(async () => {
  for (const { child, finished } of running.splice(0)) {
    child.kill('SIGKILL')
    await finished
  }
  for (const socket of sockets.splice(0)) await socket.letGo()
  rmSync(cwd, { recursive: true })
})

function configure(further: object = {}): void {
  const config = {
    version: 1,
    listen: { port: 1 },
    gateways: { main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1' } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { service: { hashes: { env: 'RING' }, principals: { agent: { team: 'acme' } } } },
    ...further,
  }
  writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
}

function start(options: RunOptions): RunningPostern {
  const postern = startPostern(['start', '--config', 'postern.json'], { cwd, env, ...options })
  running.push(postern)
  return postern
}

async function socketAt(path?: string): Promise<SocketToPass> {
  const socket = await openSocketToPass(path)
  sockets.push(socket)
  if (path !== undefined) chmodSync(path, 0o600)
  return socket
}

/** The test has the socket too, and closes what comes to it: then there is no answer. */
const readyAt = (path: string): Promise<number> =>
  askAdmin({ socketPath: path }, 'GET /readyz').then(
    ({ status }) => status,
    () => 0,
  )
const statusOf = async (url: string): Promise<number> => (await fetch(url)).status

describe('sockets that are passed to a process', () => {
  test('are taken for data, admin and probes by their names, and stay where they are when it ends', async () => {
    const path = join(cwd, 'passed.sock')
    const [health, admin, data] = [await socketAt(), await socketAt(path), await socketAt()]
    configure({ admin: { socket: './unused.sock' }, health: { port: 2 } })
    const passed = {
      descriptors: [health.descriptor, admin.descriptor, data.descriptor],
      names: 'health:admin:data',
    }
    const processes = [start({ passed, waits: true }), start({ passed, waits: true })]
    // Whoever made a Unix socket keeps it, as systemd does: its file would go.
    for (const socket of [health, data]) await socket.letGo()
    sockets.splice(0, 3, admin)
    for (const postern of processes) {
      postern.begin()
      await postern.prints(/"passed":\["health","admin","data"\],"msg":"listening"/)
      expect(await statusOf(`${health.origin}/readyz`)).toBe(200)
      expect(await statusOf(`${data.origin}/ai/v1/models`)).toBe(401)
      await expect.poll(() => readyAt(path)).toBe(200)
      postern.child.kill('SIGTERM')
      expect(await postern.finished).toMatchObject({ code: 0, stderr: '' })
      expect(existsSync(path)).toBe(true)
    }
    expect(existsSync(join(cwd, 'unused.sock'))).toBe(false)
  })

  test('are not taken if they are for another process: it listens where the configuration says, and warns', async () => {
    const socket = await socketAt()
    const port = await freePort()
    configure({ listen: { port } })
    const postern = start({ passed: { descriptors: [socket.descriptor], pid: '1' } })
    await postern.prints(/"for":"1","msg":"sockets that were passed to another process are not taken"/)
    const [line] = await postern.prints(/^.*"msg":"listening".*$/m)
    expect(line).toContain(`"url":"http://127.0.0.1:${port}/ai/v1"`)
    expect(line).not.toContain('"passed"')
  })

  test.each<[what: string, config: object, names: string, open: (path: string) => Promise<number>, why: RegExp]>([
    ['a port for admin.socket', { admin: { socket: './a.sock' } }, 'admin', async () => (await socketAt()).descriptor, /has admin\.socket/],
    ['a Unix socket for admin.port', { admin: { port: 1 } }, 'admin', async (path) => (await socketAt(path)).descriptor, /has admin\.port/],
    [
      'a Unix socket for admin that others can open',
      { admin: { socket: './a.sock' } },
      'admin',
      async (path) => {
        const { descriptor } = await socketAt(path)
        chmodSync(path, 0o660)
        return descriptor
      },
      /can be opened by others than its owner\. Write SocketMode=0600/,
    ],
    ['a Unix socket for calls', {}, 'postern.socket', async (path) => (await socketAt(path)).descriptor, /passed as data is a Unix socket/],
    ['a socket for a listener that is not configured', {}, 'health', async () => (await socketAt()).descriptor, /has no health/],
    ['what is no socket', {}, 'data', async () => openSync(join(cwd, 'postern.json'), 'r'), /cannot be listened on/],
  ])('are refused at the start: %s', async (_, config, names, open, why) => {
    configure(config)
    const descriptor = await open(join(cwd, 'passed.sock'))
    // A single socket with the name of another listener is that one's, so the data listener needs a port of its own.
    if (names === 'admin' || names === 'health') configure({ ...config, listen: { port: await freePort() } })
    const { code, stderr } = await start({ passed: { descriptors: [descriptor], names } }).finished
    expect([code, stderr]).toEqual([1, expect.stringMatching(why)])
  })
})

describe('the variables of passed sockets', () => {
  const read = (variables: Readonly<Record<string, string>>): ReturnType<typeof takePassedSockets> =>
    takePassedSockets({ LISTEN_PID: '7', ...variables }, 7)

  test('name one socket for each listener; one alone is for calls, whatever it is called, unless it is called as another one', () => {
    expect(read({}).sockets).toEqual({})
    expect(read({ LISTEN_FDS: '0' }).sockets).toEqual({})
    expect(read({ LISTEN_FDS: '1' }).sockets).toEqual({ data: 3 })
    expect(read({ LISTEN_FDS: '1', LISTEN_FDNAMES: 'postern.socket' }).sockets).toEqual({ data: 3 })
    expect(read({ LISTEN_FDS: '1', LISTEN_FDNAMES: 'admin' }).sockets).toEqual({ admin: 3 })
    expect(read({ LISTEN_FDS: '3', LISTEN_FDNAMES: 'health:data:admin' }).sockets).toEqual({ health: 3, data: 4, admin: 5 })
  })

  test('are refused where they do not tell which socket is whose', () => {
    expect(() => read({ LISTEN_FDS: '2' })).toThrow(/2 sockets were passed, and one of them is named ""/)
    expect(() => read({ LISTEN_FDS: '2', LISTEN_FDNAMES: 'data:data' })).toThrow(/Two of the sockets that were passed are named "data"/)
    expect(() => read({ LISTEN_FDS: '2', LISTEN_FDNAMES: 'data:metrics' })).toThrow(/named "metrics"/)
    expect(() => read({ LISTEN_FDS: 'many' })).toThrow(/LISTEN_FDS is "many"/)
  })

  test('are removed, and name nobody but the process that they are for', () => {
    const variables = { LISTEN_FDS: '1', LISTEN_PID: '8', LISTEN_FDNAMES: 'data', OTHER: 'stays' }
    expect(takePassedSockets(variables, 7)).toEqual({ sockets: {}, otherPid: '8' })
    expect(variables).toEqual({ OTHER: 'stays' })
    expect(takePassedSockets({ LISTEN_FDS: '1' }, 7)).toEqual({ sockets: {}, otherPid: 'none' })
  })
})
