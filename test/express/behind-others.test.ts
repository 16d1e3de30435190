import { createServer, type ServerResponse } from 'node:http'
import { posternMiddleware } from '@postern/express'
import express from 'express'
import { expect, test } from 'vitest'
import { listenAnywhere, openHouse } from '../support/house.js'

/** As middlewares do that want to know when a head is written; this one, like many, knows headers as an object or as pairs. */
function wrapHead(response: ServerResponse): void {
  const writeHead = response.writeHead.bind(response)
  const wrapped = (status: number, headers: Readonly<Record<string, string>> | readonly (readonly string[])[] = []): ServerResponse => {
    const pairs = Array.isArray(headers) ? (headers as readonly (readonly string[])[]) : Object.entries(headers)
    for (const [name = '', value = ''] of pairs) response.setHeader(name, value)
    response.setHeader('X-Seen', 'yes')
    return writeHead(status)
  }
  response.writeHead = wrapped as typeof response.writeHead
}

test('behind a middleware that stands in for writeHead every header arrives, of answers, streams, refusals and preflights', async () => {
  const page = 'https://app.example.com'
  const house = await openHouse({ config: { browser: { origins: [page] } } })
  const app = express()
  app.use((_, response, next) => {
    wrapHead(response)
    next()
  })
  app.use('/ai', posternMiddleware(house.runtime))
  const server = createServer(app)
  const url = `${await listenAnywhere(server)}/ai/v1/chat/completions`
  const headers = { authorization: `Bearer ${house.callers.acme}`, 'content-type': 'application/json', origin: page }
  const names = async (asked: Promise<Response>): Promise<(string | null)[]> => {
    const answer = await asked
    await answer.text()
    return ['content-type', 'cache-control', 'access-control-allow-origin', 'vary', 'x-seen'].map((name) => answer.headers.get(name))
  }
  const body = (stream: boolean): string => JSON.stringify({ model: house.model, messages: [{ role: 'user', content: 'Hello' }], stream })
  for (const [init, status, seen] of [
    [{ method: 'POST', headers, body: body(false) }, 200, 'yes'],
    [{ method: 'POST', headers, body: body(true) }, 200, 'yes'],
    [{ method: 'POST', headers: { ...headers, authorization: 'Bearer unknown' }, body: body(false) }, 401, 'yes'],
    [{ method: 'OPTIONS', headers: { origin: page, 'access-control-request-method': 'POST' } }, 204, 'yes'],
  ] as const) {
    const plain = await names(fetch(`${house.origin}/ai/v1/chat/completions`, init))
    expect(await names(fetch(url, init))).toEqual([...plain.slice(0, -1), seen])
    expect((await fetch(url, init)).status).toBe(status)
  }
  server.closeAllConnections()
  server.close()
  await house.close()
})
