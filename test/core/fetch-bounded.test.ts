import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fetchBounded } from '../../packages/core/src/connect/fetch-bounded.js'
import { type Dispatchers, openDispatchers } from '../../packages/core/src/connect/open-dispatchers.js'
import { listenAnywhere } from '../support/house.js'
import { startStopwatch } from '../support/stopwatch.js'

/** Longest time that a question with a limit of 200 ms may take here, in milliseconds: far below the timeouts of connections. */
const soonMs = 1500

let silent: Server
let heard: string
let port: number
let ways: Dispatchers | undefined
const sockets: Socket[] = []
beforeEach(async () => {
  heard = ''
  silent = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.on('data', (bytes) => (heard += bytes.toString('latin1')))
  })
  port = Number(new URL(await listenAnywhere(silent)).port)
})
afterEach(async () => {
  await ways?.close()
  for (const socket of sockets.splice(0)) socket.destroy()
  silent.close()
})

/** How long a question took that nobody answers. */
async function askInVain(url: string, throughProxy: boolean): Promise<number> {
  ways = openDispatchers(() =>
    throughProxy ? { secure: false, host: '127.0.0.1', port, variable: 'HTTPS_PROXY', headers: () => ({}) } : undefined,
  )
  const watch = startStopwatch()
  const asked = fetchBounded(url, { headers: {}, maxBytes: 100, signal: AbortSignal.timeout(200), dispatcher: ways.to(new URL(url)) })
  await expect(asked).rejects.toMatchObject({ name: 'TimeoutError' })
  return watch.stop()
}

describe('the time limit of a question about a caller', () => {
  test('holds where no connection comes about', async () => {
    expect(await askInVain(`https://127.0.0.1:${port}/me`, false)).toBeLessThan(soonMs)
  })

  test('holds where a proxy opens no tunnel', async () => {
    expect(await askInVain('https://issuer.test/jwks', true)).toBeLessThan(soonMs)
    expect(heard).toMatch(/^CONNECT issuer\.test:443 /)
  })

  test('holds where there is a connection and no answer', async () => {
    expect(await askInVain(`http://127.0.0.1:${port}/me`, false)).toBeLessThan(soonMs)
    expect(heard).toMatch(/^GET \/me /)
  })
})
