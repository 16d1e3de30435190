import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type HostileUpstream, startHostileUpstream } from '../support/hostile-upstream.js'
import { doorNames, type House, openHouse } from '../support/house.js'
import { opened } from '../support/opened.js'
import { readAnswer } from '../support/read-answer.js'

/** Each with a character that keys of the known forms do not have. */
const secrets = {
  acme: `sk-live-Acme01${randomBytes(20).toString('hex')}`,
  globex: `vendor.${randomBytes(9).toString('hex')}/${randomBytes(9).toString('hex')}+x=`,
}
type Whose = keyof typeof secrets

describe.each(doorNames)('joined-by-an-edit: a key that arrives in parts does not leave in one, behind the %s door', (door) => {
  let play: (response: ServerResponse) => void = () => {}
  let upstream: HostileUpstream
  let plain: House
  let chat: House
  let counted: House
  beforeAll(async () => {
    upstream = await startHostileUpstream((_, response) => play(response))
    const keys = { acme: { secret: secrets.acme }, globex: { secret: secrets.globex } }
    const open = opened('models', 'batches', 'batches/{id}')
    plain = await openHouse({
      door,
      keys,
      config: { gateways: { main: { dialect: 'openai', baseURL: upstream.baseURL, attempts: 1, endpoints: open } } },
    })
    chat = await openHouse({
      door,
      keys,
      config: { gateways: { main: { dialect: 'onysoft', baseURL: upstream.baseURL, attempts: 1 } } },
    })
    counted = await openHouse({
      door,
      keys,
      config: {
        gateways: { main: { dialect: 'openai', baseURL: upstream.baseURL, attempts: 1 } },
        limits: { rules: [{ name: 'tokens', per: 'day', team: 'acme', tokens: 1_000_000_000 }] },
      },
    })
  })
  afterAll(async () => {
    await plain.close()
    await chat.close()
    await counted.close()
    await upstream.close()
  })

  const half = (secret: string): number => secret.length >> 1
  const parted = (secret: string, by: string): string => `${secret.slice(0, half(secret))}${by}${secret.slice(half(secret))}`
  const get = (path: string) =>
    readAnswer(`${plain.baseURL}/${path}`, { method: 'GET', headers: { authorization: `Bearer ${plain.callers.acme}` } })

  const separators = ['\\t', '\\n', '\\r', '\\u0009', '\\u000a', '\\u000D', '\\t\\r\\n', '\\u200b', '\\ufeff', '\\u00ad']
  const places: Readonly<Record<string, (link: string) => string>> = {
    'of a query': (key) => `/v1/models?k=${key}`,
    'of a whole URL': (key) => `https://api.example/v1/models?k=${key}`,
    'of a path': (key) => `/v1/batches/${key}`,
  }

  test.each(Object.keys(places))('not in the link that its client follows: a part %s', async (place) => {
    for (const secret of Object.values(secrets))
      for (const separator of separators)
        for (const name of ['poll_url', 'results_url', 'Status_URL']) {
          const link = (places[place] as (link: string) => string)(parted(secret, separator))
          play = (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(`{"a":[{"${name}":"${link}"}]}`)
          const answer = await get('models')
          const body = answer.body.toString()
          expect([separator, answer.status, body]).toEqual([separator, 200, `{"a":[{"${name}":null}]}`])
        }
  })

  test.each<[what: string, link: string]>([
    ['with a tab between all characters', '/v1/models?k=s\\tk'],
    ['behind a blank', ' /v1/models'],
    ['with a blank behind it', '/v1/models '],
    ['with a control character in front', '\\u0001https://api.example/v1/models'],
    ['with backslashes for slashes', '/v1\\\\models'],
    ['of another scheme', 'javascript:/v1/models'],
    ['of data', 'data:/v1/models'],
    ['of a socket', 'ws://api.example/v1/models'],
    ['of a file', 'file:///v1/models'],
    ['of a blob', 'blob:https://api.example/v1/models'],
  ])('and what is no link is taken out: one %s', async (_, link) => {
    for (const type of ['application/json', '']) {
      play = (response) => response.writeHead(200, type === '' ? {} : { 'content-type': type }).end(`{"status_url":"${link}"}`)
      const answer = await get('models')
      expect([type, answer.body.toString()]).toEqual([type, '{"status_url":null}'])
    }
  })

  test.each<[what: string, link: (secret: string) => string]>([
    ['segments that are resolved', (secret) => `/v1/batches/x/../${secret}`.replace(secret, secret.replace('/', '/./'))],
    ['a fragment that is dropped', (secret) => `/v1/models?k=${secret.replace('+', '%2B')}#x`],
  ])('nor by anything else that URL does to a link: %s', async (_, link) => {
    play = (response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ poll_url: link(secrets.globex) }))
    expect((await get('models')).body.toString()).not.toContain(secrets.globex)
  })

  test('JSON without its type has its links led below the mount, and other bytes without a type pass as they are', async () => {
    const send = async (body: string): Promise<string> => {
      play = (response) => response.writeHead(200, {}).end(body)
      return (await get('models')).body.toString()
    }
    expect(await send('{"results_url":"https://evil.example/collect","n":1.0}')).toBe('{"results_url":null,"n":1.0}')
    for (const body of ['{"a":1}\n{"b":2}\n', '{"a":', '[', 'key=1', 'data: {"a":1}\n\n', '', '{"results_url":"/v1/models?x"'])
      expect(await send(body)).toBe(body)
  })

  const stream = (house: House, events: string) =>
    readAnswer(`${house.baseURL}/chat/completions`, {
      headers: { authorization: `Bearer ${house.callers.acme}`, 'content-type': 'application/json' },
      body: ((): string => {
        play = (response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end(events)
        return JSON.stringify({ model: house.model, stream: true, max_tokens: 10, messages: [{ role: 'user', content: 'Hello' }] })
      })(),
    })

  test.each<[what: string, write: (secret: string) => string]>([
    ['a chunk is written anew', (secret) => `data: {"id":"c","choices":[{"delta":{"content":"${parted(secret, '\\u0000')}"}}]}\n\n`],
    ['a frame in our name is taken out', (secret) => `data: ${parted(secret, '\n: postern {}\ndata: ')}\n\n`],
    ['token counts are taken out', (secret) => `data: {"choices":[],"x":${parted(secret, ',"usage":null')}}\n\n`],
    ['token counts are taken out at its beginning', (secret) => `data: ${parted(secret, '{"usage":null,')}\n\n`],
    ['the end is written', (secret) => `data: {"id":"${parted(secret, '\\t')}","choices":[{"index":0,"delta":{"content":"a"}}]}\n\n`],
  ])('not in a stream where %s', async (_, write) => {
    for (const house of [chat, counted])
      for (const whose of Object.keys(secrets) as Whose[]) {
        const answer = await stream(house, `${write(secrets[whose])}data: [DONE]\n\n`)
        const everything = `${answer.head}\n${answer.body.toString()}`
        expect(everything.includes(secrets[whose])).toBe(false)
        expect(JSON.stringify(house.ledger.entries.at(-1))).not.toContain(secrets[whose])
      }
  })

  test.each(['gateway', 'text'])(
    'not in the error that a client gets, which says nothing of a text that holds a key: as %s',
    async (form) => {
      for (const whose of Object.keys(secrets) as Whose[])
        for (const before of ['Incorrect API key provided: ', 'sk-', 'sk-live-', 'Bearer ', 'AKIA', 'x=']) {
          const message = `${before}${secrets[whose]}. Ask for another.`
          play = (response) =>
            form === 'text'
              ? response.writeHead(400, { 'content-type': 'text/plain' }).end(message)
              : response.writeHead(422, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { message, param: message } }))
          const answer = await get('models')
          const body = answer.body.toString()
          for (let at = 0; at + 8 <= secrets[whose].length; at += 4) expect(body).not.toContain(secrets[whose].slice(at, at + 8))
          const entry = JSON.stringify(plain.ledger.entries.at(-1))
          expect([answer.status >= 400, entry.includes(`"leaked_key":"${whose}"`), entry.includes(secrets[whose].slice(-16))]).toEqual([
            true,
            true,
            false,
          ])
        }
    },
  )
})

describe('joined-by-an-edit: an error gives out no part of a key whose form ends before it does', () => {
  const endings = ['.', '/', '+', '=', ':', '~', '@', '|', '$', '%', '!', ',']
  test.each(endings)('behind %s', async (mark) => {
    const secret = `sk-${randomBytes(18).toString('hex')}${mark}${randomBytes(18).toString('hex')}`
    const upstream = await startHostileUpstream((_, response) =>
      response
        .writeHead(400, { 'content-type': 'application/json' })
        .end(JSON.stringify({ error: { message: `No: ${secret}`, code: secret } })),
    )
    const house = await openHouse({
      keys: { acme: { secret }, globex: { secret: `${secret}-2` } },
      config: { gateways: { main: { dialect: 'openai', baseURL: upstream.baseURL, attempts: 1 } } },
    })
    const answer = await house.chat()
    const text = await answer.text()
    expect([answer.status, text.includes(secret.slice(-12)), text.includes(secret.slice(3, 15))]).toEqual([400, false, false])
    expect(JSON.stringify(house.ledger.entries)).not.toContain(secret.slice(-12))
    await house.close()
    await upstream.close()
  })
})
