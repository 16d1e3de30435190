import { createServer, type RequestListener, type Server } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { listenAnywhere } from '../support/house.js'
import { type OpenSidecar, openSidecar } from '../support/open-sidecar.js'

let server: Server | undefined
let sidecar: OpenSidecar | undefined
afterEach(async () => {
  await sidecar?.close()
  server?.closeAllConnections()
  server?.close()
})

async function listenAt(port: number, answer: RequestListener): Promise<string> {
  server = createServer(answer)
  if (port === 0) return listenAnywhere(server)
  await new Promise<void>((done) => {
    server?.listen(port, '127.0.0.1', done)
  })
  return `http://127.0.0.1:${port}`
}

async function stop(): Promise<void> {
  server?.closeAllConnections()
  await new Promise((done) => server?.close(done))
}

interface Line {
  readonly level: string
  readonly msg: string
}

/** Lines about the backend, as level and message. */
function linesOf({ stdout }: OpenSidecar): string[] {
  return stdout()
    .split('\n')
    .filter((line) => line.includes('"msg":"the backend'))
    .map((line) => {
      const { level, msg } = JSON.parse(line) as Line
      return `${level}: ${msg}`
    })
}

const ok: RequestListener = (request, response) => {
  request.resume().on('end', () => response.end('ok'))
}

test('an outage of the backend is a line at its begin and one at its end, however many requests fail', async () => {
  const origin = await listenAt(0, ok)
  const open = (sidecar = await openSidecar({ backend: origin }))
  const ask = async (times: number, method = 'GET'): Promise<number[]> =>
    Promise.all(Array.from({ length: times }, async () => (await fetch(`${open.origin}/page`, { method })).status))
  expect(new Set(await ask(3))).toEqual(new Set([200]))
  expect(linesOf(open)).toEqual([])

  await stop()
  for (const method of ['GET', 'PUT']) expect(new Set(await ask(10, method))).toEqual(new Set([503]))
  await expect.poll(() => linesOf(open)).toEqual(['warn: the backend does not answer'])

  await listenAt(Number(new URL(origin).port), ok)
  expect(new Set(await ask(5))).toEqual(new Set([200]))
  await expect.poll(() => linesOf(open)).toEqual(['warn: the backend does not answer', 'info: the backend answers again'])
})

test('one request that the backend breaks off is no outage; each that it breaks off is', async () => {
  const origin = await listenAt(0, (request, response) => {
    if (request.url === '/breaks') request.socket.destroy()
    else response.end('ok')
  })
  const open = (sidecar = await openSidecar({ backend: origin }))
  const ask = async (path: string): Promise<number> => (await fetch(`${open.origin}${path}`, { method: 'DELETE' })).status
  for (const path of ['/breaks', '/fine', '/breaks', '/breaks', '/fine']) await ask(path)
  expect(linesOf(open)).toEqual([])
  for (let time = 0; time < 5; time += 1) expect(await ask('/breaks')).toBe(502)
  await expect.poll(() => linesOf(open)).toEqual(['warn: the backend does not answer'])
})
