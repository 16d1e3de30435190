import { connect, type Socket } from 'node:net'
import { createMemoryStore } from '@postern/ports'
import { afterEach, expect, test } from 'vitest'
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

test('the listener for probes takes a bounded number of connections and lets go of one that asks for nothing', async () => {
  const { origin } = await open()
  const { hostname, port } = new URL(origin)
  let refused = 0
  const ended: Promise<void>[] = []
  const sockets: Socket[] = []
  for (let count = 0; count < 80; count += 1) {
    const socket = connect(Number(port), hostname).on('error', () => {})
    sockets.push(socket)
    ended.push(
      new Promise((done) => {
        socket.resume().on('close', () => {
          refused += 1
          done()
        })
      }),
    )
  }
  await expect.poll(() => refused).toBe(16)
  // Nobody has asked for anything: after some seconds all of them are let go, and the next probe is answered.
  await Promise.all(ended)
  expect(await get(`${origin}/livez`)).toEqual([200, 'ok\n'])
  for (const socket of sockets) socket.destroy()
}, 30_000)
