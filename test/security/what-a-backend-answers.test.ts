import { createServer, type Server } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createBackend, createNodeDoor, guardServer } from '@postern/instance'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type House, listenAnywhere, openHouse } from '../support/house.js'
import { rawExchange } from '../support/raw-exchange.js'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.js'

/*
 * What a backend answers is passed on on two roads: the fast one for plain requests, and Node's for all others. Neither lets a backend
 * speak in Postern's name, and on neither a head that comes in pieces becomes another one.
 */

let house: House
let upstream: ScriptedUpstream
let server: Server
let origin: string
let pieces: readonly string[] = []
beforeAll(async () => {
  upstream = await startScriptedUpstream(() => async (socket) => {
    socket.setNoDelay(true)
    for (const piece of pieces) {
      await new Promise((written) => socket.write(Buffer.from(piece, 'latin1'), written))
      for (let turn = 0; turn < 5; turn += 1) await nextTurn()
    }
  })
  house = await openHouse()
  const backend = createBackend({ url: upstream.origin, isTrusted: () => false, headersMs: 5000 })
  server = guardServer(createServer(createNodeDoor(house.runtime, (request, response) => backend.pass(request, response))), house.runtime)
  origin = await listenAnywhere(server)
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await house.close()
  await upstream.close()
})

const roads = {
  fast: 'GET /page HTTP/1.1\r\nHost: a\r\n\r\n',
  plain: 'OPTIONS /page HTTP/1.1\r\nHost: a\r\n\r\n',
}

describe.each(Object.keys(roads) as (keyof typeof roads)[])('what-a-backend-answers, on the %s road', (road) => {
  const ask = (): Promise<string> => rawExchange(origin, roads[road], { silenceMs: 5000, oneAnswer: true })

  test.each(['Postern-Identity', 'postern_identity', 'POSTERN-Act_As', 'postern-anything', 'Postern_Governance', 'postern-refusal'])(
    'no header in the name of Postern reaches the client: %s',
    async (name) => {
      pieces = [`HTTP/1.1 200 OK\r\n${name}: root\r\nX-Postern: kept\r\nContent-Length: 2\r\n\r\nok`]
      const answer = await ask()
      expect(answer).toMatch(/^HTTP\/1\.1 200 /)
      expect(answer.toLowerCase()).not.toContain('root')
      expect(answer).toContain('X-Postern: kept')
    },
  )

  test('a 204 has no Content-Length, whatever the backend says', async () => {
    pieces = ['HTTP/1.1 204 No Content\r\nContent-Length: 5\r\nX-Own: kept\r\n\r\n']
    const answer = await ask()
    expect(answer).toMatch(/^HTTP\/1\.1 204 [^]*X-Own: kept/)
    expect(answer.toLowerCase()).not.toContain('content-length')
  })

  test.each([1, 5, 7, 10, 12, 14])('a reason phrase is whole, however the head is cut: in pieces of %d', async (size) => {
    const head = 'HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nok'
    pieces = head.match(new RegExp(`[^]{1,${size}}`, 'g')) as string[]
    expect((await ask()).split('\r\n', 1)[0]).toBe('HTTP/1.1 404 Not Found')
  })
})
