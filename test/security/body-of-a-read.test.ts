import { request } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { doorNames, type House, openHouse } from '../support/house.js'
import { type HostileUpstream, plainCompletion, startHostileUpstream } from '../support/hostile-upstream.js'

let house: House
let upstream: HostileUpstream
afterEach(async () => {
  await house.close()
  await upstream.close()
})

const chat = JSON.stringify({ model: 'small', messages: [{ role: 'user', content: 'Hello '.repeat(9000) }], max_tokens: 5000 })

/** Sends a request as it is written here, with a body that `fetch` would refuse. */
function send(method: string, path: string, headers: Record<string, string>, body = ''): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${house.baseURL}/${path}`,
      { method, headers: { authorization: `Bearer ${house.callers.acme}`, 'content-type': 'application/json', ...headers } },
      (answer) => {
        let text = ''
        answer.on('data', (piece) => (text += String(piece)))
        answer.on('end', () => resolve({ status: answer.statusCode as number, text }))
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

describe.each(doorNames)('at the door of %s', (door) => {
  test('a GET or HEAD under the mount that has a body never reaches the gateway, whatever its path', async () => {
    upstream = await startHostileUpstream((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(plainCompletion)
    })
    const config = { policies: { maxTokens: 100 } }
    house = await openHouse({ door, config, baseURL: upstream.baseURL, settings: { dialect: 'openai' } })
    const framings = [{ 'content-length': String(chat.length) }, { 'transfer-encoding': 'chunked' }]
    for (const path of ['chat/completions', 'chat/completions?limit=2', 'models', 'responses/resp_1', 'embeddings'])
      for (const method of ['GET', 'HEAD'])
        for (const framing of framings) {
          const { status, text } = await send(method, path, framing, chat)
          expect([method, path, framing, status]).toEqual([method, path, framing, 400])
          if (method === 'GET')
            expect(text).toMatch(/"message":"A GET has no body here\. Send it without a body.*"code":"request_malformed"/)
        }
    expect(upstream.seen).toEqual([])
    for (const headers of [{}, { 'content-length': '0' }]) expect((await send('GET', 'models', headers)).status).toBe(200)
    expect(upstream.seen).toHaveLength(2)
  })
})
