import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { type House, listenAnywhere, openHouse } from '../support/house.js'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** A backend that says this to each question whose cookie it is, and keeps the connection. */
function sayingTo(answer: string): { server: Server; asked: string[] } {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (question) => {
      asked.push(question.toString('latin1'))
      socket.write(answer)
    })
  })
  closing.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((closed) => server.close(closed))
  })
  return { server, asked }
}

async function openAsking(url: string, further: object = {}): Promise<House> {
  const house = await openHouse({ callers: { forwardAuth: { url, ...further } } })
  closing.push(() => house.close())
  return house
}

const ask = async (house: House): Promise<readonly [number, string | null]> => {
  const answer = await house.chat({ credential: null, headers: { cookie: 'sid=1', 'sec-fetch-site': 'same-origin' } })
  return [answer.status, answer.headers.get('postern-refusal')]
}

const whole = (status: string, body: string, ...lines: string[]): string =>
  [`HTTP/1.1 ${status}`, 'Content-Type: application/json', `Content-Length: ${body.length}`, ...lines, '', body].join('\r\n')
const ada = whole('200 OK', '{"user":"ada","team":"acme"}')
const goOn = 'HTTP/1.1 100 Continue\r\n\r\n'
const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n'

describe('what a backend says before it says whose a cookie is', () => {
  test.each([
    ['100', goOn + ada],
    ['100 with lines', `HTTP/1.1 100 Continue\r\nX-User: root\r\n\r\n${ada}`],
    ['100 several times', goOn.repeat(5) + ada],
    ['102', `HTTP/1.1 102 Processing\r\n\r\n${ada}`],
    ['103', hints + ada],
    ['103 and 100', hints + goOn + ada],
    ['100 and 103', goOn + hints + ada],
  ])('is passed over: %s', async (_, answer) => {
    const { server } = sayingTo(answer)
    const house = await openAsking(`${await listenAnywhere(server)}/api/me`)
    expect(await ask(house)).toEqual([200, null])
    expect(house.ledger.entries.at(-1)).toMatchObject({ via: 'forwardAuth', user: 'ada', team: 'acme' })
  })

  test('is passed over in a socket too, with the same question', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'interim-'))
    closing.push(() => rm(folder, { recursive: true }))
    const { server, asked } = sayingTo(goOn + ada)
    const path = join(folder, 'app.sock')
    await new Promise<void>((listening) => server.listen(path, listening))
    expect(await ask(await openAsking(`unix:${path}:/api/me`))).toEqual([200, null])
    expect(asked.every((question) => question.startsWith('GET /api/me HTTP/1.1\r\n') && /^cookie: sid=1\r$/im.test(question))).toBe(true)
  })

  test.each([
    ['that nobody is signed in', whole('401 Unauthorized', ''), 401, 'caller_invalid'],
    ['where one signs in', whole('302 Found', '', 'Location: /login'), 401, 'caller_invalid'],
    ['that it is broken', whole('500 Oh', ''), 503, 'caller_check_unavailable'],
    ['more than is read', whole('200 OK', `{"user":"ada","more":"${'x'.repeat(100_000)}"}`), 503, 'caller_check_unavailable'],
    ['what is no HTTP', 'SSH-2.0-gateway\r\n', 503, 'caller_check_unavailable'],
    [
      'that it changes the protocol',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
      503,
      'caller_check_unavailable',
    ],
    ['nothing further', '', 503, 'caller_check_unavailable'],
  ])('changes nothing about what it says then: %s', async (_, answer, status, code) => {
    const { server } = sayingTo(goOn + answer)
    expect(await ask(await openAsking(`${await listenAnywhere(server)}/api/me`, { timeout: '500ms' }))).toEqual([status, code])
  })

  test('changes nothing about headers that say who it is, of which none may stand there twice', async () => {
    const answerHeaders = { user: 'X-Who', team: 'X-Whose' }
    const named = whole('200 OK', '', 'X-Who: ada', 'X-Whose: acme')
    const one = await openAsking(`${await listenAnywhere(sayingTo(goOn + named).server)}/api/me`, { answerHeaders })
    expect(await ask(one)).toEqual([200, null])
    const twice = whole('200 OK', '', 'X-Who: ada', 'X-Who: bob', 'X-Whose: acme')
    const two = await openAsking(`${await listenAnywhere(sayingTo(goOn + twice).server)}/api/me`, { answerHeaders })
    expect(await ask(two)).toEqual([503, 'caller_check_unavailable'])
  })
})
