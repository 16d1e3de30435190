import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { doorNames, listenAnywhere, openHouse } from '../support/house.js'

const bodies = 40

/** What takes long to read and to decide: many members with names that could say where a call goes. */
const laborious: Readonly<Record<string, () => object>> = {
  'members in settings': () => ({ extra_body: Object.fromEntries(Array.from({ length: 2600 }, (_, index) => [`api_key${index}`, ''])) }),
  'so many members that they take several turns': () => ({
    extra_body: Object.fromEntries(Array.from({ length: 9000 }, (_, index) => [`max-tok-${index}`, false])),
  }),
  'parts of a message': () => ({
    messages: [{ role: 'user', content: Array.from({ length: 1500 }, (_, index) => ({ type: 'text', text: `part ${index}` })) }],
  }),
}

describe('bodies of one caller that end at the same moment', () => {
  describe.each(doorNames)('behind the %s door', (door) => {
    test.each(Object.keys(laborious))('do not hold up another caller: %s', async (kind) => {
      const order: string[] = []
      const gateway = createServer((request, response) => {
        let text = ''
        request.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
        request.on('end', () => {
          order.push(text.includes('"the other"') ? 'other' : 'many')
          response.writeHead(200, { 'content-type': 'application/json' }).end('{"choices":[]}')
        })
      })
      const origin = await listenAnywhere(gateway)
      const house = await openHouse({
        door,
        config: {
          gateways: { main: { dialect: 'openai', baseURL: `${origin}/v1` } },
          policies: { models: ['m'] },
          limits: { rules: [{ each: 'team', per: 'minute', requests: 1_000_000 }] },
        },
      })
      const sockets: Socket[] = []
      onTestFinished(async () => {
        for (const socket of sockets) socket.destroy()
        await house.close()
        gateway.closeAllConnections()
        gateway.close()
      })
      const body = JSON.stringify({ model: 'm', max_tokens: 5, messages: [{ role: 'user', content: 'Hello' }], ...laborious[kind]?.() })
      const { port, pathname } = new URL(`${house.baseURL}/chat/completions`)
      const head = `POST ${pathname} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${house.callers.acme}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
      for (let index = 0; index < bodies; index += 1) {
        const socket = connect(Number(port), '127.0.0.1')
          .on('error', () => {})
          .resume()
        sockets.push(socket)
        await once(socket, 'connect')
        socket.write(head + body.slice(0, -1))
      }
      await wait(200)
      for (const socket of sockets) socket.write(body.slice(-1))
      const answer = await house.chat({ credential: house.callers.globex, body: { model: 'm' }, prompt: 'the other' })
      expect(answer.status).toBe(200)
      while (order.length <= bodies) await wait(5)
      expect(order.indexOf('other')).toBeLessThan(bodies / 2)
    })
  })
})
