import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { type House, openHouse } from '../support/house.js'
import { type HostileUpstream, startHostileUpstream } from '../support/hostile-upstream.js'
import { opened } from '../support/opened.js'
import { codeOf, rawChat, statusOf } from '../support/raw-chat.js'
import { expectCpuBelow, expectLinear } from '../support/cpu-time.js'

let upstream: HostileUpstream
const open = new Set<object>()
beforeAll(async () => {
  upstream = await startHostileUpstream((request, response) => {
    open.add(response)
    response.once('close', () => open.delete(response))
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    const flood = request.url?.includes('flood') === true
    const timer = setInterval(() => response.write(`data: ${flood ? 'x'.repeat(500_000) : '{"choices":[]}'}\n\n`), 20)
    response.once('close', () => clearInterval(timer))
  })
})
afterAll(() => upstream.close())

function dial({ origin }: House): Socket {
  const { hostname, port } = new URL(origin)
  return connect(Number(port), hostname).on('error', () => {})
}

const get = (house: House, path: string, credential = house.callers.acme): string =>
  `GET /ai/v1/${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${credential}\r\n\r\n`

async function until(condition: () => boolean, milliseconds = 5000): Promise<boolean> {
  for (let waited = 0; waited < milliseconds && !condition(); waited += 20) await wait(20)
  return condition()
}

describe('hostile-client', () => {
  forEachDoor(
    () =>
      Promise.resolve({
        baseURL: upstream.baseURL,
        timeouts: { idle: '600ms' },
        config: { policies: { models: ['*a*b*', 'auto'] } },
        settings: {
          endpoints: {
            ...opened('events', 'one', 'two', 'three', 'flood'),
            embeddings: { methods: ['POST'], format: 'plain', model: 'body' },
          },
        },
      }),
    (house) => {
      test('leaving while its session is verified leaves nothing open at the gateway', async () => {
        const before = house().ledger.entries.length
        for (let time = 0; time < 20; time += 1) {
          const { token } = await house().minter.mint({ team: 'acme', user: `u${time}` })
          const socket = dial(house())
          socket.write(get(house(), 'events', token), () => socket.destroy())
        }
        expect(await until(() => house().ledger.entries.length === before + 20)).toBe(true)
        expect(await until(() => open.size === 0)).toBe(true)
      })

      test('pipelining streams and leaving leaves nothing open, and each is written down', async () => {
        const before = house().ledger.entries.length
        const socket = dial(house())
        socket.write(get(house(), 'one') + get(house(), 'two') + get(house(), 'three'))
        expect(await until(() => open.size === 3)).toBe(true)
        socket.destroy()
        expect(await until(() => open.size === 0)).toBe(true)
        expect(await until(() => house().ledger.entries.length === before + 3)).toBe(true)
      })

      test('reading nothing for as long as a gateway may be silent ends its stream', async () => {
        const socket = dial(house()).pause()
        socket.write(get(house(), 'flood'))
        expect(await until(() => open.size === 1)).toBe(true)
        expect(await until(() => open.size === 0)).toBe(true)
        socket.destroy()
      })

      test('sending a body byte by byte costs what the body weighs, and comes to an end', { timeout: 30_000 }, async () => {
        const pieces = 1_000_000
        const before = process.memoryUsage().rss
        const socket = dial(house())
        let answer = ''
        socket.on('data', (piece: Buffer) => (answer += piece.toString()))
        const isClosed = new Promise<void>((closed) => socket.once('close', closed))
        socket.write(
          `POST /ai/v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${house().callers.acme}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
        )
        const drip = Buffer.from('1\r\n \r\n'.repeat(10_000))
        for (let sent = 0; sent < pieces && !socket.destroyed; sent += 10_000) {
          if (!socket.write(drip)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), isClosed])
        }
        await isClosed
        expect(answer).toMatch(/^(?:HTTP\/1\.1 400 [\s\S]*request_malformed[\s\S]*)?$/)
        expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024)
        socket.destroy()
      })

      test('naming a model that is hard to match holds nobody up', async () => {
        await expectLinear(async (length) => {
          const answer = await rawChat(house(), [], { body: JSON.stringify({ model: 'a'.repeat(length).concat('c'), messages: [] }) })
          expect([statusOf(answer), codeOf(answer)]).toEqual([403, 'model_not_allowed'])
        }, 50_000)
      })

      test.each<[trick: string, lines: readonly string[], status?: number]>([
        ['another alphabet', ['Content-Type: application/json; charset=utf-7']],
        ['packed bytes', ['Content-Type: application/json', 'Content-Encoding: gzip'], 415],
        ['two types', ['Content-Type: text/plain', 'Content-Type: application/json']],
        ['text', ['Content-Type: text/plain']],
        ['another name for JSON', ['Content-Type: text/json']],
        ['a form', ['Content-Type: application/x-www-form-urlencoded']],
        ['no type', []],
      ])('showing policy one body and the gateway another by %s is refused', async (_, lines, status = 400) => {
        const body = '{"model":"auto","api_key":"sk-x"}'
        const head = [
          'POST /ai/v1/embeddings HTTP/1.1',
          'Host: x',
          `Authorization: Bearer ${house().callers.acme}`,
          `Content-Length: ${body.length}`,
          ...lines,
        ].join('\r\n')
        const seen = upstream.seen.length
        const socket = dial(house())
        const answer = await new Promise<string>((resolve) => {
          socket.once('data', (data) => resolve(data.toString()))
          socket.write(`${head}\r\n\r\n${body}`)
        })
        socket.destroy()
        expect(statusOf(answer)).toBe(status)
        expect(upstream.seen.length).toBe(seen)
      })

      test('sending rubbish behind a request gets no second head into a running answer', async () => {
        const socket = dial(house())
        let received = ''
        socket.on('data', (data) => (received += data.toString()))
        socket.write(get(house(), 'events'))
        await until(() => received.includes('data:'))
        socket.write('RUBBISH\r\n\r\n')
        await new Promise((resolve) => socket.once('close', resolve))
        expect(received.match(/HTTP\/1\.1/g)).toHaveLength(1)
      })
    },
  )

  forEachDoor({ gateway: 'freeai' }, (house) => {
    test.each(['Debug/replay', 'DASHBOARD', 'debug;a/replay'])(
      'an operator’s path in another spelling is still the operator’s: %s',
      async (path) => {
        expect(codeOf(await rawChat(house(), [], { path: `/ai/v1/${path}` }))).toBe('endpoint_not_allowed')
      },
    )
  })
})

describe('hostile-client: a body that is odd to edit', () => {
  forEachDoor({ gateway: 'freeai' }, (house) => {
    const ask = (body: string) =>
      fetch(`${house().baseURL}/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${house().callers.acme}`, 'content-type': 'application/json' },
        body,
      })

    test.each([
      ['twenty thousand lists', `{"project_id":"x","a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`],
      ['a million lists that do not end', `{"project_id":"x","a":${'['.repeat(1_000_000)}`],
      ['a text that does not end', '{"project_id":"x'],
      ['a name that does not end', `{"project_id":"x","${'a'.repeat(100)}\\`],
      ['an escape that is none', '{"\\x":1,"project_id":"x"}'],
    ])('%s: refused as malformed, with no fault of ours', async (_, body) => {
      const answer = await ask(body)
      expect([answer.status, answer.headers.get('postern-refusal')]).toEqual([400, 'request_malformed'])
    })

    test.each(['project_id ', 'project.id', 'projectId', '"project_id"', `project_id${'\u200b'.repeat(150)}`])(
      'a project in another spelling is cut out as well, and each of several: %j',
      async (name) => {
        const question = { model: 'auto', messages: [{ role: 'user', content: 'Hello' }] }
        expect((await ask(JSON.stringify({ project_id: 'mine', ...question, [name]: 'mine', 'PROJECT ID': 'mine' }))).status).toBe(200)
        expect(JSON.parse(house().emulator.seen.at(-1)?.body.toString('utf8') as string)).toEqual(question)
      },
    )

    test('ten megabytes beside the member that is cut out hold nobody up for long', async () => {
      const body = `{"project_id":"x","model":"auto","messages":[{"role":"user","content":"Hello"}],"a":[${'0,'.repeat(4_500_000)}0]}`
      /** The longest time between two turns of the event loop. */
      const longestTurn = async (): Promise<number> => {
        let longest = 0
        let last = process.cpuUsage()
        // By time of the processor: on a busy machine the clock also counts what others compute.
        const watch = setInterval(() => {
          const { user, system } = process.cpuUsage(last)
          longest = Math.max(longest, (user + system) / 1000)
          last = process.cpuUsage()
        }, 5)
        const answer = await ask(body)
        clearInterval(watch)
        expect(answer.status).toBe(200)
        expect(house().emulator.seen.at(-1)?.body.toString('utf8', 0, 80)).toMatch(/^\{"model":"auto"/)
        return longest
      }
      // No figure of speed: a tree of such a body would take ten times as long.
      await expectCpuBelow(2000, longestTurn)
    })
  })
})

describe('hostile-client: what it does not read', () => {
  test('held answers that nobody reads are let go after the idle time, and the connection with them', async () => {
    const big = await startHostileUpstream((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' })
      response.end(JSON.stringify({ choices: [], padding: 'x'.repeat(900_000) }))
    })
    const house = await openHouse({ baseURL: big.baseURL, timeouts: { idle: '400ms' } })
    try {
      const socket = dial(house)
      socket.pause()
      const body = '{"messages":[{"role":"user","content":"x"}]}'
      const call = `POST /ai/v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${house.callers.acme}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
      socket.write(call.repeat(40))
      await expect.poll(() => house.ledger.entries.length).toBeGreaterThan(10)
      const closed = new Promise((done) => socket.once('close', done))
      await wait(700)
      socket.resume()
      await closed
      expect(socket.bytesRead).toBeLessThan(20_000_000)
    } finally {
      await house.close()
      await big.close()
    }
  })

  test('nine megabytes of small objects are refused before anything is built of them', async () => {
    const house = await openHouse({})
    try {
      const answer = await house.chat({ body: { messages: Array.from({ length: 150_000 }, () => ({})) } })
      expect([answer.status, answer.headers.get('postern-refusal')]).toEqual([400, 'request_malformed'])
    } finally {
      await house.close()
    }
  })
})
