import { createServer, type ServerResponse } from 'node:http'
import { posternMiddleware } from '@postern/express'
import express from 'express'
import { describe, expect, test } from 'vitest'
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

describe('behind a middleware that throws in writeHead', () => {
  const moments: readonly (readonly [string, object])[] = [
    ['a call', {}],
    ['a stream', { stream: true }],
  ]
  test.each([
    ...moments.map(([what, body]) => [what, body, true, 'POST'] as const),
    ['a refusal', {}, false, 'POST'] as const,
    ['a preflight', {}, false, 'OPTIONS'] as const,
  ])('%s ends at the error handler of the application, with an entry, and ends no process', async (_, body, isKnown, method) => {
    const page = 'https://app.example.com'
    const house = await openHouse({ config: { browser: { origins: [page] } } })
    const handed: unknown[] = []
    const app = express()
    app.use((_request, response, next) => {
      response.writeHead = () => {
        throw new Error('a fault of the application')
      }
      next()
    })
    app.use('/ai', posternMiddleware(house.runtime))
    app.use((error: unknown, _request: express.Request, response: express.Response, _next: express.NextFunction) => {
      handed.push(error)
      response.status(500).send('sorry')
    })
    const server = createServer(app)
    const rejected: unknown[] = []
    const note = (error: unknown): unknown => rejected.push(error)
    process.on('unhandledRejection', note)
    const answer = await fetch(`${await listenAnywhere(server)}/ai/v1/chat/completions`, {
      method,
      headers: {
        authorization: `Bearer ${isKnown ? house.callers.acme : 'unknown'}`,
        'content-type': 'application/json',
        origin: page,
        'access-control-request-method': 'POST',
      },
      ...(method === 'POST'
        ? { body: JSON.stringify({ model: house.model, messages: [{ role: 'user', content: 'Hello' }], ...body }) }
        : {}),
    })
    expect([answer.status, await answer.text()]).toEqual([500, 'sorry'])
    expect(handed).toMatchObject([{ message: 'a fault of the application' }])
    if (method === 'POST')
      expect(house.ledger.entries).toMatchObject([{ status: 500, code: 'internal_error', cause: 'a fault of the application' }])
    await new Promise((later) => setTimeout(later, 20))
    process.off('unhandledRejection', note)
    expect(rejected).toEqual([])
    server.closeAllConnections()
    server.close()
    // Nothing is under way any more.
    await house.close()
  })
})

describe('behind a middleware that throws once, when the head of the answer is written', () => {
  test.each([{}, { stream: true }])(
    'a call is 500, its fault is not the gateway’s, and no header of an answer is left over: %j',
    async (body) => {
      const house = await openHouse()
      const app = express()
      app.use((_request, response, next) => {
        const { writeHead } = response
        let isFirst = true
        response.writeHead = ((...args: Parameters<typeof writeHead>) => {
          if (!isFirst) return writeHead.apply(response, args)
          isFirst = false
          throw new Error('a fault of the application')
        }) as typeof writeHead
        next()
      })
      app.use('/ai', posternMiddleware(house.runtime))
      const server = createServer(app)
      const answer = await fetch(`${await listenAnywhere(server)}/ai/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${house.callers.acme}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: house.model, messages: [{ role: 'user', content: 'Hello' }], ...body }),
      })
      expect([answer.status, answer.headers.get('postern-refusal'), answer.headers.get('x-should-retry')]).toEqual([
        500,
        'internal_error',
        'false',
      ])
      expect(await answer.json()).toMatchObject({ error: { code: 'internal_error' } })
      expect(house.ledger.entries).toMatchObject([{ status: 500, code: 'internal_error', cause: 'a fault of the application' }])
      server.closeAllConnections()
      server.close()
      await house.close()
    },
  )
})

test('what the application has set before neither frames an answer nor speaks in the name of Postern', async () => {
  const house = await openHouse()
  const app = express()
  const early = {
    'Transfer-Encoding': 'chunked',
    'Content-Encoding': 'gzip',
    'Content-Range': 'bytes 0-1/2',
    Trailer: 'X-Last',
    'Postern-Refusal': 'draining',
    Postern_Anything: 'early',
    'Postern-Governance': '{}',
    'X-Should-Retry': 'false',
    'X-Request-ID': 'early',
  }
  app.use((_, response, next) => {
    response.set(early)
    next()
  })
  app.use('/ai', posternMiddleware(house.runtime))
  const server = createServer(app)
  const origin = await listenAnywhere(server)
  for (const [credential, status] of [
    [house.callers.acme, 200],
    ['unknown', 401],
  ] as const) {
    const answer = await fetch(`${origin}/ai/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: house.model, messages: [{ role: 'user', content: 'Hello' }] }),
    })
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-length')).toBe(String((await answer.arrayBuffer()).byteLength))
    for (const [name, value] of Object.entries(early))
      if (status === 200 || name !== 'X-Should-Retry') expect([name, answer.headers.get(name)]).not.toEqual([name, value])
    expect(answer.headers.get('transfer-encoding')).toBeNull()
  }
  server.closeAllConnections()
  server.close()
  await house.close()
})
