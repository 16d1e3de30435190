import { createTrust } from '@postern/config'
import { createBackend, createNodeDoor, guardServer } from '@postern/instance'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type House, listenAnywhere, openHouse } from '../support/house.js'

/** A client in a process of its own: connects, sends, and resets the connection, while the server's process does something else. */
const client = `
  const { connect } = require('node:net')
  process.stdin.once('data', (told) => {
    const { port, bytes } = JSON.parse(told)
    const socket = connect(port, '127.0.0.1', () => {
      socket.write('POST /a HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: ' + 10 * bytes + '\\r\\n\\r\\n' + 'a'.repeat(bytes))
      setTimeout(() => { socket.resetAndDestroy(); setTimeout(() => process.exit(), 50) }, 100)
    })
  })
  process.stdout.write('up')
`

let house: House
let backend: Server
let server: Server
let port: number
beforeAll(async () => {
  house = await openHouse()
  backend = createServer((_, response) => response.end('ok'))
  const url = await listenAnywhere(backend)
  const passing = createBackend({ url, isTrusted: createTrust([]), connections: house.runtime.connections, headersMs: 600_000 })
  const door = createNodeDoor(house.runtime, (request, response) => passing.pass(request, response))
  server = guardServer(createServer({ requireHostHeader: false }, door), house.runtime)
  await listenAnywhere(server)
  port = (server.address() as AddressInfo).port
})
afterAll(async () => {
  for (const each of [server, backend]) {
    each.closeAllConnections()
    each.close()
  }
  await house.close()
})

const connections = (): Promise<number> => new Promise((resolve) => server.getConnections((_, count) => resolve(count)))

test.each([0, 20_000, 60_000, 127_000])(
  'a connection that was reset before it was accepted is closed, with %i bytes of a body in it',
  async (bytes) => {
    const child = spawn(process.execPath, ['-e', client], { stdio: ['pipe', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    const asked = once(server, 'request')
    child.stdin.write(JSON.stringify({ port, bytes }))
    // The process takes no connection meanwhile.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
    await asked
    await vi.waitFor(async () => expect(await connections()).toBe(0), { timeout: 5000, interval: 20 })
  },
)
