import Anthropic from '@anthropic-ai/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startHostileUpstream, type HostileUpstream } from '../support/hostile-upstream.js'
import { doorNames, type House, openHouse } from '../support/house.js'

const opened: { methods: ('GET' | 'POST')[]; format: 'plain'; model: 'none'; media?: boolean } = {
  methods: ['GET', 'POST'],
  format: 'plain',
  model: 'none',
}

/** What libraries of pages, and servers that render them, follow. */
const ofLibraries = [
  'HX-Redirect',
  'HX-Location',
  'HX-Push-Url',
  'HX-Replace-Url',
  'HX-Refresh',
  'HX_Redirect',
  'Turbo-Location',
  'X-Inertia-Location',
  'X-Nextjs-Redirect',
  'X-Middleware-Rewrite',
  'X-Middleware-Next',
  'X-Middleware-Override-Headers',
  'X-PJAX-URL',
  'X-IC-Script',
  'X-Up-Location',
  'X-Remix-Redirect',
  'FX-Redirect',
  'Service-Worker-Allowed',
  'SourceMap',
]

describe.each(doorNames)('where an answer sends its client next, behind the %s door', (door) => {
  describe('in its body', () => {
    let house: House
    let upstream: HostileUpstream
    let answer: string
    beforeAll(async () => {
      upstream = await startHostileUpstream((request, response) => {
        if (request.url?.endsWith('/results') === true)
          response.writeHead(200, { 'content-type': 'application/x-jsonl' }).end('{"custom_id":"a","result":{"type":"expired"}}\n')
        else response.writeHead(200, { 'content-type': 'application/json', 'content-digest': 'sha-256=:AAAA:' }).end(answer)
      })
      const endpoints = {
        'messages/batches': opened,
        'messages/batches/{id}': opened,
        'messages/batches/{id}/results': opened,
      }
      house = await openHouse({
        door,
        config: { gateways: { main: { dialect: 'openai', baseURL: upstream.baseURL, endpoints } } },
      })
    })
    afterAll(async () => {
      await house.close()
      await upstream.close()
    })
    const get = (path: string) => fetch(`${house.baseURL}/${path}`, { headers: { authorization: `Bearer ${house.callers.acme}` } })

    test('the client of Anthropic fetches the results of a batch through Postern, and its credential goes nowhere else', async () => {
      answer = '{"id":"b_1","type":"message_batch","results_url":"https://api.anthropic.com/v1/messages/batches/b_1/results"}'
      const asked: string[] = []
      const client = new Anthropic({
        baseURL: `${house.origin}/ai`,
        apiKey: null,
        authToken: house.callers.acme,
        maxRetries: 0,
        fetch: (url, init) => {
          asked.push(url instanceof Request ? url.url : String(url))
          return fetch(url, init)
        },
      })
      const results = []
      for await (const result of await client.messages.batches.results('b_1')) results.push(result.custom_id)
      expect(results).toEqual(['a'])
      expect(asked.filter((url) => !url.startsWith(`${house.origin}/ai/v1/messages/batches/b_1`))).toEqual([])
      expect(upstream.seen.at(-1)?.url).toBe('/v1/messages/batches/b_1/results')
    })

    test.each<[link: string, becomes: (origin: string) => string | null]>([
      [
        'https://api.anthropic.com/v1/messages/batches/b_1/results?page=2',
        (origin) => `${origin}/ai/v1/messages/batches/b_1/results?page=2`,
      ],
      ['https://gateway.example/anthropic/v1/messages/batches/b_1', (origin) => `${origin}/ai/v1/messages/batches/b_1`],
      ['/v1/messages/batches/b_1/results', () => '/ai/v1/messages/batches/b_1/results'],
      ['//evil.example/v1/messages/batches/b_1/results', () => null],
      ['https://evil.example/collect', () => null],
      ['https://evil.example/v1/organization/keys', () => null],
      ['https://evil.example/v1/messages/batches/../../keys', () => null],
      ['/elsewhere', () => null],
      ['javascript:alert(1)', () => null],
      ['', () => null],
    ])('is led below the mount, or taken out: %s', async (link, becomes) => {
      for (const name of ['results_url', 'poll_url', 'status_url', 'response_url', 'cancel_url']) {
        answer = `{ "id": "b_1", "n": 12345678901234567890, "data": [{"${name}" : ${JSON.stringify(link)} }], "${name}":${JSON.stringify(link)}, "text": "a \\"${name}\\": \\"kept\\" ${link}" }`
        const got = await get('messages/batches')
        const written = JSON.stringify(becomes(house.origin))
        expect(await got.text()).toBe(
          `{ "id": "b_1", "n": 12345678901234567890, "data": [{"${name}" : ${written} }], "${name}":${written}, "text": "a \\"${name}\\": \\"kept\\" ${link}" }`,
        )
        expect(got.headers.get('content-digest')).toBeNull()
      }
    })

    test.each([
      'results\\u005furl',
      '\\u0072esults_url',
      'results_ur\\u006C',
      Array.from('status_url', (character) => `\\u00${character.charCodeAt(0).toString(16)}`).join(''),
      'Results_URL',
      're\\u017fults_url',
      'POLL\\u005FURL',
    ])('is the same under a name that a client reads as one of these, which stays as it is written: %s', async (name) => {
      const text = (foreign: string, own: string) => `{"id":"b_1","a":[{"${name}" :\n${foreign}}],"${name}":${own},"x":"${name}"}`
      answer = text('"https://evil.example/collect"', '"https:\\/\\/evil.example\\/v1\\/messages\\/batches\\/b_1"')
      const got = await (await get('messages/batches')).text()
      expect(got).toBe(text('null', `"${house.origin}/ai/v1/messages/batches/b_1"`))
    })

    test.each<[what: string, value: string]>([
      ['a list', '["https://evil.example/collect"]'],
      ['a list with marks in it', '[ "/v1/messages/batches/b_1" , "]\\"" ]'],
      ['lists within a list', '[["https://evil.example/collect","}"],{}]'],
      ['an object', '{"href":"https://evil.example/collect"}'],
      ['objects within an object', '{"a":{"results_url":"https://evil.example/\\\\"},"b":[1]}'],
      ['nothing in a list', '[]'],
      ['an address of four thousand characters', `"https://api.example/v1/messages/batches/${'b'.repeat(4000)}"`],
      ['a text', `"${'a'.repeat(100_000)}"`],
      ['a text of escapes', `"${String.raw`\/`.repeat(50_000)}"`],
    ])('is taken out where it is none that anybody follows: %s', async (_, value) => {
      answer = `{"results_url" : ${value} , "data":[{"status_url":${value}},{"poll_url":${value}}],"n":1.0,"cancel_url":${value}}`
      const got = await (await get('messages/batches')).text()
      expect(got).toBe('{"results_url" : null , "data":[{"status_url":null},{"poll_url":null}],"n":1.0,"cancel_url":null}')
    })

    test('a list of a thousand batches leads on, each by its own address, and what more an answer has leads nowhere', async () => {
      const list = (link: (index: number) => string | null) =>
        JSON.stringify({ data: Array.from({ length: 1003 }, (_, index) => ({ id: `b_${index}`, results_url: link(index) })) })
      answer = list((index) => `https://api.anthropic.com/v1/messages/batches/b_${index}/results`)
      const got = await (await get('messages/batches')).text()
      expect(got).toBe(list((index) => (index < 1000 ? `${house.origin}/ai/v1/messages/batches/b_${index}/results` : null)))
    })

    test.each([
      '{"results_url":null,"id":"b_1"}',
      '{"results_url" : 12345678901234567890 ,"status_url":true,"poll_url":false\n}',
      '{"results_urls":["https://evil.example/a"],"my_results_url":"a","\\u0075rl":"b","results_url\\u0000":"c"}',
      '"results_url"',
      '["results_url"]',
      '{"url":"https://cdn.example/picture.png","video_url":"https://cdn.example/v.mp4"}',
      '{"data":["results_url","https://evil.example/v1/messages"]}',
    ])('is byte for byte what came where nothing leads on: %s', async (text) => {
      answer = text
      expect(await (await get('messages/batches')).text()).toBe(text)
    })
  })

  describe('in its head', () => {
    test.each([
      'Location',
      'Content-Location',
      'Operation-Location',
      'Azure-AsyncOperation',
      'X-Goog-Upload-URL',
      'Link',
      'Refresh',
      ...ofLibraries,
    ])('is taken out: %s', async (name) => {
      const upstream = await startHostileUpstream((_, response) => {
        response.writeHead(201, { [name]: 'https://evil.example/v1/calls/c_1', 'content-type': 'application/sdp' }).end('v=0\r\n')
      })
      const endpoints = { webrtc: { ...opened, media: true } }
      const house = await openHouse({ door, config: { gateways: { main: { dialect: 'openai', baseURL: upstream.baseURL, endpoints } } } })
      const answer = await fetch(`${house.baseURL}/webrtc`, {
        method: 'POST',
        headers: { authorization: `Bearer ${house.callers.acme}`, 'content-type': 'application/sdp' },
        body: 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n',
      })
      expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([201, 'application/sdp', 'v=0\r\n'])
      expect(answer.headers.get(name)).toBeNull()
      await house.close()
      await upstream.close()
    })
  })

  test('a video of the Free AI gateway is asked after where it says, sealed, and by nobody else', async () => {
    const house = await openHouse({ door, gateway: 'freeai' })
    const call = (path: string, credential: string, body?: object) =>
      fetch(new URL(path, `${house.baseURL}/`), {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
      })
    const begun = await call('videos/generations', house.callers.acme, { model: 'emulate/video-begins', prompt: 'a door' })
    const { id, poll_url: pollUrl } = (await begun.json()) as { id: string; poll_url: string }
    expect([begun.status, pollUrl]).toEqual([202, `/ai/v1/videos/generations/${id}`])
    expect(JSON.stringify([id, pollUrl])).not.toContain('vid_')
    // The gateway itself cannot be asked after videos yet; it is asked, by its own id.
    expect((await call(pollUrl, house.callers.acme)).status).toBe(502)
    expect(house.emulator.seen.at(-1)?.url).toMatch(/^\/v1\/videos\/generations\/vid_[0-9a-f-]+$/)
    const before = house.emulator.seen.length
    expect((await call(pollUrl, house.callers.globex)).status).toBe(404)
    expect(house.emulator.seen).toHaveLength(before)
    await house.close()
  })
})
