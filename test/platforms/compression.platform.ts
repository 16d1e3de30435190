import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { posternMiddleware } from '@postern/express'
import express, { type RequestHandler } from 'express'
import { describe, expect, test } from 'vitest'
import { listenAnywhere, openHouse } from '../support/house.js'
import { startScriptedPostern } from '../client/scripted-postern.js'
import { home } from './programs.js'

const load = createRequire(join(home, 'package.json'))

describe.each(['compression', 'compression-1.7'])('behind %s in an Express application', (name) => {
  test('each event of a stream leaves when it comes, and heads and answers are whole', async () => {
    const upstream = await startScriptedPostern()
    let release: () => void = () => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    const event = (content: string): string =>
      `data: {"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"${content}"}}]}\n\n`
    upstream.answer((response, arrived) => {
      if (!arrived.body.includes('"stream":true')) {
        const message = { role: 'assistant', content: 'Hello '.repeat(1000) }
        return response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ id: '1', object: 'chat.completion', choices: [{ index: 0, message, finish_reason: 'stop' }] }))
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(event('first'))
      return held.then(() => response.end(`${event('last')}data: [DONE]\n\n`))
    })
    const house = await openHouse({ baseURL: `${upstream.origin}/v1` })
    const app = express()
    app.use((load(name) as () => RequestHandler)())
    app.use('/ai', posternMiddleware(house.runtime))
    const server = createServer(app)
    const origin = await listenAnywhere(server)
    try {
      const ask = (stream: boolean): Promise<Response> =>
        fetch(`${origin}/ai/v1/chat/completions`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${house.callers.acme}`,
            'content-type': 'application/json',
            'accept-encoding': 'gzip, deflate, br',
          },
          body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'Hello' }], stream }),
        })
      const answer = await ask(true)
      expect([answer.status, answer.headers.get('content-type'), answer.headers.get('content-encoding')]).toEqual([
        200,
        'text/event-stream',
        null,
      ])
      expect(answer.headers.get('postern-governance')).toContain('"request_id"')
      const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
      const text = (part?: Uint8Array): string => Buffer.from(part ?? []).toString()
      // The second event comes only after the first has been read.
      expect(text((await reader.read()).value)).toContain('first')
      release()
      let rest = ''
      for (let part = await reader.read(); !part.done; part = await reader.read()) rest += text(part.value)
      expect(rest).toMatch(/last[\s\S]*"finish":"complete"[\s\S]*\[DONE\]/)
      const whole = await ask(false)
      expect([whole.status, ((await whole.json()) as { object: string }).object]).toEqual([200, 'chat.completion'])
    } finally {
      server.closeAllConnections()
      server.close()
      upstream.close()
      await house.close()
    }
  })
})
