import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'
import { once } from 'node:events'
import { createSessionMinter, sessionHandler } from '@postern/server'
import { afterEach, describe, expect, test } from 'vitest'
import { listenAnywhere } from '../support/house.js'

const minter = createSessionMinter({ secret: 'session-secret-0123456789-0123456789-abcdef' })
const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** A server of Node's alone, and how many requests its handler has done with. */
async function open(): Promise<{ readonly origin: string; readonly done: () => number }> {
  const handler = sessionHandler({ minter, whoIs: () => ({ user: 'ada' }) })
  let done = 0
  const server = createServer((request, response) => void handler(request, response).then(() => (done += 1)))
  servers.push(server)
  return { origin: await listenAnywhere(server), done: () => done }
}

describe('sessionHandler on a server of Node’s alone', () => {
  test('a client that leaves while it sends its body causes no warning of the process, however often', async () => {
    const warnings: Error[] = []
    const note = (warning: Error): void => void warnings.push(warning)
    process.on('warning', note)
    const { origin, done } = await open()
    const { hostname, port } = new URL(origin)
    for (let index = 0; index < 20; index += 1) {
      const socket = connect(Number(port), hostname)
      await once(socket, 'connect')
      socket.write(
        'POST / HTTP/1.1\r\nHost: a\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a',
      )
      await new Promise((later) => setImmediate(later))
      socket.destroy()
    }
    await expect.poll(done).toBe(20)
    // Warnings are emitted in a turn of their own.
    await new Promise((later) => setImmediate(later))
    process.off('warning', note)
    expect(warnings).toEqual([])
  })

  test.each([
    ['at the top', '{"max_calls":1,"max_calls":1000}'],
    ['in another spelling of its letters', String.raw`{"max_calls":1,"max_c\u0061lls":1000}`],
    ['with a list', '{"models":["a"],"models":["b"]}'],
  ])('a body with a member that stands twice is refused: %s', async (_, body) => {
    const { origin } = await open()
    const headers = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }
    const answer = await fetch(origin, { method: 'POST', headers, body })
    expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([400, 'request_malformed'])
    const once = await fetch(origin, { method: 'POST', headers, body: '{"max_calls":2,"workflow":"max_calls"}' })
    expect(once.status).toBe(201)
  })
})
