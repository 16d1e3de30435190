import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { hash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { type House, openHouse } from '../support/house.js'
import { rawExchange } from '../support/raw-exchange.js'
import { codeOf, statusOf } from '../support/raw-chat.js'
import { type RunningPostern, startPostern } from '../support/run-postern.js'

const ask = (origin: string, line: string, ...headers: readonly string[]): Promise<string> =>
  rawExchange(origin, Buffer.from([`${line} HTTP/1.1`, 'Host: a.test', ...headers, '', ''].join('\r\n'), 'latin1'), {
    oneAnswer: true,
    silenceMs: 5000,
  })

/** What no server reads as a path, in front of the path that is asked for. */
const targets: readonly (readonly [what: string, target: (path: string) => string])[] = [
  ['a URL of another host', (path) => `http://b.test${path}`],
  ['a URL with a port that is none', (path) => `http://a.test:port${path}`],
  ['a URL with a user', (path) => `http://u:p@a.test${path}`],
  ['a URL without a host', (path) => `http:${path}`],
  ['a URL of another kind', (path) => `ftp://a.test${path}`],
  ['a path with a fragment', (path) => `${path}#x`],
  ['a path with a fragment that Node reads as a host', (path) => `//u@h:port${path}#x`],
  ['an asterisk', () => '*'],
  ['a host and a port, as CONNECT has them', () => 'a.test:443'],
]

describe('target-that-is-no-path: in an Express application', () => {
  let house: House
  beforeAll(async () => {
    house = await openHouse({ door: 'express' })
  })
  afterAll(() => house.close())

  test('a URL of another host is refused as on its own, and the answer does not name it', async () => {
    for (const url of ['http://b.test/ai/v1/models', 'http://a.test:81/ai/v1/models', 'http://a.test@b.test/ai/v1/chat/completions']) {
      const answer = await ask(house.origin, `GET ${url}`, `Authorization: Bearer ${house.callers.acme}`)
      expect([url, statusOf(answer), codeOf(answer)]).toEqual([url, 400, 'request_malformed'])
      expect(answer).not.toContain('b.test')
    }
  })
})

describe('target-that-is-no-path: on the API', () => {
  forEachDoor({}, (house) => {
    const asCaller = (line: string): Promise<string> => ask(house().origin, line, `Authorization: Bearer ${house().callers.acme}`)

    test('a URL of the host that is asked is a path', async () => {
      for (const url of ['http://a.test/ai/v1/models', 'HTTP://A.test:80/ai/v1/models?limit=1'])
        expect([url, statusOf(await asCaller(`GET ${url}`))]).toEqual([url, 200])
    })

    test('a target with a fragment is refused before anybody cuts it off', async () => {
      const before = house().emulator.seen.length
      for (const path of ['/ai/v1/models#x', '/ai/v1/models?a=b#x', '/ai/v1/chat/../models#/../x']) {
        const answer = await asCaller(`GET ${path}`)
        expect([path, statusOf(answer), codeOf(answer)]).toEqual([path, 400, 'request_malformed'])
      }
      expect(house().emulator.seen.length).toBe(before)
    })

    test.each(targets)('%s reaches no gateway', async (_, target) => {
      const before = house().emulator.seen.length
      expect([400, 404]).toContain(statusOf(await asCaller(`GET ${target('/ai/v1/models')}`)))
      expect(house().emulator.seen.length).toBe(before)
    })
  })
})

describe('target-that-is-no-path: at every listener of the process', () => {
  let cwd: string
  let postern: RunningPostern
  const origins: Record<'admin' | 'data', string> = { admin: '', data: '' }
  beforeAll(async () => {
    cwd = mkdtempSync(join(tmpdir(), 'postern-target-'))
    const config = {
      version: 1,
      listen: { port: 0 },
      admin: { port: 0, secret: { env: 'ADMIN' } },
      gateways: { main: { dialect: 'joytoken', baseURL: 'http://127.0.0.1:9/openai/v1' } },
      keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
      bindings: [{ team: 'acme', key: 'acme' }],
      callers: { service: { hashes: { env: 'RING' }, principals: { agent: { team: 'acme' } } } },
    }
    writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
    postern = startPostern(['start', '--config', 'postern.json'], {
      cwd,
      env: {
        KEY: 'jt_0123456789',
        ADMIN: 'a'.repeat(40),
        RING: `agent:${hash('sha256', 'agent credential')}`,
        NODE_OPTIONS: '--trace-warnings',
      },
    })
    const [line = ''] = await postern.prints(/.*"url":"[^"]+".*/)
    origins.data = new URL((JSON.parse(line) as { url: string }).url).origin
    origins.admin = /"admin":"(http:[^"]+)"/.exec(postern.stdout())?.[1] ?? ''
  })
  afterAll(async () => {
    postern.child.kill('SIGKILL')
    await postern.finished
    rmSync(cwd, { recursive: true })
  })

  for (const listener of ['data', 'admin'] as const) {
    test.each(targets)(`%s is refused in plain words on the ${listener} listener`, async (_, target) => {
      const answer = await ask(origins[listener], `GET ${target('/healthz')}`)
      expect([statusOf(answer), codeOf(answer)]).toEqual([400, 'request_malformed'])
      expect(answer).toMatch(/^X-Request-ID: /im)
    })

    test(`a character that is escaped in a URL is refused on the ${listener} listener`, async () => {
      for (const target of ['/\u00a0', '//u@h:port/\u00a0', '/\u00e9'])
        expect([target, statusOf(await ask(origins[listener], `GET ${target}`))]).toEqual([target, 400])
    })

    test(`CONNECT is refused in plain words on the ${listener} listener`, async () => {
      const answer = await ask(origins[listener], 'CONNECT a.test:443')
      expect([statusOf(answer), codeOf(answer)]).toEqual([405, 'method_not_allowed'])
    })
  }

  test('a health check by a whole URL is answered', async () => {
    expect(statusOf(await ask(origins.admin, 'GET http://a.test/healthz'))).toBe(200)
  })

  test('the process prints no warning about any of them', () => {
    expect(postern.stderr()).toBe('')
  })
})
