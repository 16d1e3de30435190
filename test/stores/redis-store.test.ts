import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import type { Store } from '@postern/ports'
import { createRedisStore } from '@postern/stores'
import { createClient } from '@redis/client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findProgram } from '../support/programs.js'
import { prepareRedis, type RedisServer } from '../support/redis-server.js'
import { listenAnywhere } from '../support/house.js'
import { timed } from '../support/stopwatch.js'

const inAMinute = (): number => Date.now() + 60_000

/** Every method of the port once. */
function callAll(store: Store): Promise<unknown>[] {
  return [
    store.seen.add('k', inAMinute()),
    store.counters.add('k', inAMinute()),
    store.revocations.append({ kind: 'id', name: 'k', at: 1, until: inAMinute() }),
    store.revocations.after(),
    store.revocations.after('1-0'),
  ]
}

/** An entry of the revocations in the protocol of Redis. */
function entryOf(id: string): string {
  const fields = ['kind', 'id', 'name', 'x', 'at', '1', 'until', '2'].map((text) => `$${text.length}\r\n${text}\r\n`)
  return `*2\r\n$${id.length}\r\n${id}\r\n*8\r\n${fields.join('')}`
}

/** Makes every call and gives what they were rejected with; all must be, and in time. */
async function failures(store: Store): Promise<Error[]> {
  const { result, ms } = await timed(Promise.allSettled(callAll(store)))
  expect(ms).toBeLessThan(2500)
  return result.map((each) => {
    if (each.status === 'fulfilled') throw new Error('It was fulfilled.')
    return each.reason as Error
  })
}

async function works(store: Store): Promise<void> {
  await Promise.all(callAll(store))
}

describe.skipIf(findProgram('redis-server') === undefined)('the redis store', () => {
  let redis: RedisServer
  let store: Store

  async function open(password?: string): Promise<void> {
    redis = await prepareRedis(password === undefined ? {} : { password })
    store = createRedisStore({ url: redis.url })
  }

  beforeEach(() => open())

  afterEach(async () => {
    await store.close()
    await redis.close()
  })

  test('rejects each call while Redis is not there yet, and works once it is', async () => {
    for (const error of await failures(store)) expect(error.message).toBe('Redis cannot be used: ECONNREFUSED.')
    for (const error of await failures(store)) expect(error.message).toBe('Redis cannot be used: ECONNREFUSED.')
    await redis.start()
    await sleep(150)
    await works(store)
  })

  test('rejects each call after Redis was stopped, and works once it is started again', async () => {
    await redis.start()
    await works(store)
    await redis.stop()
    await failures(store)
    await redis.start()
    await sleep(150)
    await works(store)
    expect(await store.seen.add('k2', inAMinute())).toBe(true)
  })

  test('rejects what was under way when Redis was stopped', async () => {
    await redis.start()
    await works(store)
    redis.pause()
    const rejected = failures(store)
    await sleep(100)
    await redis.stop()
    for (const error of await rejected) expect(error.message).toMatch(/^Redis cannot be used: /)
  })

  test('rejects each call in time while Redis hangs, and works once it goes on', async () => {
    await redis.start()
    await works(store)
    redis.pause()
    for (const error of await failures(store)) expect(error.message).toBe('Redis cannot be used: no answer within 1500 ms.')
    await failures(store)
    redis.resume()
    await sleep(150)
    await works(store)
  })

  test('rejects each call in time where Redis hangs from the start', async () => {
    await redis.start()
    redis.pause()
    await failures(store)
    redis.resume()
    await sleep(150)
    await works(store)
  })

  test('keeps a connection whose answer had come while the process itself was held up', async () => {
    await redis.start()
    await works(store)
    const answer = store.counters.add('held up', inAMinute())
    await sleep(0)
    setTimeout(() => {
      const until = performance.now() + 1700
      while (performance.now() < until);
    })
    expect(await answer).toBe(1)
    expect(await store.counters.add('held up', inAMinute())).toBe(2)
  })

  test('uses one connection for many callers, and none after it was closed', async () => {
    await redis.start()
    await Promise.all(Array.from({ length: 500 }, (_, index) => store.counters.add(`k${index}`, inAMinute())))
    const onlooker = await createClient({ url: redis.url }).connect()
    expect((await onlooker.clientList()).length).toBe(2)
    await store.close()
    await sleep(50)
    expect((await onlooker.clientList()).length).toBe(1)
    onlooker.destroy()
  })

  test('has no key in clear, lets every key end, and puts its prefix before each', async () => {
    await redis.start()
    await store.seen.add('a-proof-of-someone', inAMinute())
    await store.counters.add('a-call-of-someone', inAMinute())
    await store.revocations.append({ kind: 'id', name: 'x', at: 1, until: inAMinute() })
    await store.revocations.append({ kind: 'id', name: 'y', at: 1, until: Date.now() })
    const onlooker = await createClient({ url: redis.url }).connect()
    const keys = await onlooker.keys('*')
    expect(keys).toHaveLength(3)
    for (const key of keys) {
      expect(key).toMatch(/^postern:(?:remembered:|counted:|revocations$)/)
      expect(key).not.toContain('someone')
      const life = await onlooker.pTTL(key)
      expect(life).toBeGreaterThan(55_000)
      expect(life).toBeLessThanOrEqual(key === 'postern:revocations' ? 3_660_000 : 60_000)
    }
    onlooker.destroy()
  })

  test('throws out revocations that are long over', async () => {
    await redis.start()
    await store.revocations.append({ kind: 'id', name: 'long over', at: 1, until: Date.now() - 4_000_000 })
    await store.revocations.append({ kind: 'id', name: 'not over', at: 1, until: inAMinute() })
    expect((await store.revocations.after()).items.map(({ name }) => name)).toEqual(['not over'])
  })

  test('gives everything anew where Redis has gone back behind a mark, as a replica may that takes over', async () => {
    await redis.start()
    await store.revocations.append({ kind: 'id', name: 'lost', at: 1, until: inAMinute() })
    const { mark } = await store.revocations.after()
    const onlooker = await createClient({ url: redis.url }).connect()
    await onlooker.flushAll()
    await onlooker.sendCommand(['XADD', 'postern:revocations', '1000-0', 'kind', 'id', 'name', 'older', 'at', '1', 'until', '2'])
    onlooker.destroy()
    const page = await store.revocations.after(mark)
    expect(page.items.map(({ name }) => name)).toEqual(['older'])
    expect(page.mark).toBe('1000-0')
    expect(await store.revocations.after(page.mark)).toEqual({ items: [], mark: '1000-0' })
  })

  test.each([
    ['other fields', ['junk', '1']],
    ['another kind', ['kind', 'planet', 'name', 'x', 'at', '1', 'until', '2']],
    ['no time', ['kind', 'id', 'name', 'x', 'at', 'soon', 'until', '2']],
    ['a blank for a time', ['kind', 'id', 'name', 'x', 'at', '1', 'until', ' ']],
  ])('rejects an entry of %s among the revocations, and says what to delete', async (_, fields) => {
    await redis.start()
    await store.revocations.append({ kind: 'id', name: 'x', at: 1, until: inAMinute() })
    const onlooker = await createClient({ url: redis.url }).connect()
    const id = await onlooker.sendCommand<string>(['XADD', 'postern:revocations', '*', ...fields])
    await expect(store.revocations.after()).rejects.toThrow(`delete it: XDEL postern:revocations ${id}`)
    await onlooker.sendCommand(['XDEL', 'postern:revocations', id])
    onlooker.destroy()
    expect((await store.revocations.after()).items).toHaveLength(1)
  })

  describe('with a password', () => {
    const password = 'pa55:w@rd/of%the house'

    beforeEach(async () => {
      await redis.close()
      await open(password)
      await redis.start()
    })

    test('works, and shows it nowhere', async () => {
      await works(store)
      expect(inspect(store, { depth: 20, showHidden: true })).not.toMatch(/pa55/)
    })

    test('rejects where it is wrong or missing, and shows it nowhere', async () => {
      const wrong = createRedisStore({ url: `redis://someone:wr0ng-secret@127.0.0.1:${redis.port}` })
      for (const error of await failures(wrong)) {
        expect(error.message).toBe('Redis cannot be used: WRONGPASS.')
        expect(inspect(error, { depth: 20, showHidden: true }) + error.stack + JSON.stringify(error)).not.toMatch(/wr0ng|someone/)
      }
      await wrong.close()
      const none = createRedisStore({ url: `redis://127.0.0.1:${redis.port}` })
      for (const error of await failures(none)) expect(error.message).toBe('Redis cannot be used: NOAUTH.')
      await none.close()
      await works(store)
    })
  })
})

describe('the address of Redis', () => {
  test('is not repeated where it is wrong', () => {
    for (const url of [
      'redis://:wr0ng@host:99999',
      'http://:wr0ng@host',
      'redis://user:wr0ng%zz@host',
      'redis://:wr0ng@host/notanumber',
      'redis://',
      'wr0ng',
      'rediss:wr0ng',
      'unix:///wr0ng',
    ]) {
      try {
        createRedisStore({ url })
        expect.unreachable(url)
      } catch (error) {
        expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/wr0ng/)
        expect((error as Error).message).toMatch(/^The address of Redis is no URL of the form/)
      }
    }
  })

  test.each(['redis://127.0.0.1:6379', { env: 'REDIS_URL' }, {}])('says of %j in place of its options how they are written', (options) => {
    const open = (): unknown => createRedisStore(options as unknown as Parameters<typeof createRedisStore>[0])
    expect(open).toThrow("The address of Redis is missing. Write it as a text: { redis: { url: 'rediss://user:password@host:port' } }.")
  })

  test('is not repeated where what answers there repeats what it is sent', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (data) =>
        socket.write(`-ERR unknown command, with args beginning with: ${data.toString().replaceAll('\r\n', ' ')}\r\n`),
      )
    })
    const origin = await listenAnywhere(server)
    const store = createRedisStore({ url: origin.replace('http://', 'redis://:wr0ng@') })
    for (const error of await failures(store)) {
      expect(error.message).toBe('Redis cannot be used: ERR.')
      expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/wr0ng/)
    }
    await store.close()
    server.close()
  })

  test.each<[what: string, reply: string, asked: (store: Store) => Promise<unknown>]>([
    ['nothing for a count', '$-1', (store) => store.counters.add('k', inAMinute())],
    ['a text for a count', '$1\r\n1', (store) => store.counters.add('k', inAMinute())],
    ['a count of none', ':0', (store) => store.counters.add('k', inAMinute())],
    ['a count below none', ':-9', (store) => store.counters.add('k', inAMinute())],
    ['a list for a count', '*0', (store) => store.counters.add('k', inAMinute())],
    ['a number for a key that is remembered', ':1', (store) => store.seen.add('k', inAMinute())],
    ['nothing for a revocation', '$-1', (store) => store.revocations.append({ kind: 'id', name: 'k', at: 1, until: inAMinute() })],
    ['OK for a revocation', '+OK', (store) => store.revocations.append({ kind: 'id', name: 'k', at: 1, until: inAMinute() })],
    ['nothing for revocations', '*-1', (store) => store.revocations.after()],
    ['a number for revocations', ':0', (store) => store.revocations.after()],
    ['no entry among revocations', '*1\r\n*-1', (store) => store.revocations.after()],
    ['an id that is none', '*1\r\n*2\r\n$1\r\nx\r\n*0', (store) => store.revocations.after()],
    ['a page that leads nowhere', `*1000\r\n${entryOf('5-1').repeat(1000).trimEnd()}`, (store) => store.revocations.after()],
    ['a page that was read', `*1\r\n${entryOf('5-1').trimEnd()}`, (store) => store.revocations.after('5-1')],
  ])('rejects where Redis replies %s', async (_, reply, asked) => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', () => socket.write(`${reply}\r\n`))
    })
    const store = createRedisStore({ url: (await listenAnywhere(server)).replace('http://', 'redis://') })
    await expect(asked(store)).rejects.toThrow('Redis cannot be used: it replied in a form that the command does not have.')
    await store.close()
    server.close()
  })

  test('may be one where something else answers, or nothing at all', async () => {
    const sockets: Socket[] = []
    const answers = ['HTTP/1.1 400 Bad Request\r\n\r\n', '\0\x01\x02garbage', '']
    for (const answer of answers) {
      const server = createServer((socket) => {
        sockets.push(socket)
        socket.on('error', () => {})
        socket.on('data', () => socket.write(answer))
      })
      const origin = await listenAnywhere(server)
      const store = createRedisStore({ url: origin.replace('http:', 'redis:') })
      for (const error of await failures(store)) expect(error.message).toMatch(/^Redis cannot be used: /)
      await store.close()
      for (const socket of sockets.splice(0)) socket.destroy()
      server.close()
      await once(server, 'close')
    }
  })

  test('may name a host that does not exist', async () => {
    const store = createRedisStore({ url: 'redis://nowhere.invalid:6379' })
    for (const error of await failures(store)) expect(error.message).toMatch(/^Redis cannot be used: /)
    await store.close()
  })
})
