import type { RequestListener } from 'node:http'
import { type GovernanceRecord, parseGovernance } from '@postern/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CookieBackend, startCookieBackend } from '../support/cookie-backend.js'
import { type HostileUpstream, startHostileUpstream } from '../support/hostile-upstream.js'
import { type DoorName, doorNames, type House, openHouse } from '../support/house.js'

const page = 'https://app.example.com'

/** What a gateway's answer says of itself, in headers that anybody could read. */
const telling = {
  'x-daoe-used-model': 'acme/model-1',
  'x-daoe-used-provider': 'provider-7',
  'x-daoe-failover': 'true',
  'x-daoe-request-id': 'gw-42',
  'x-litellm-key-alias': 'acme-production',
  'server-timing': 'gateway;dur=3',
  'x-served-by': 'joytoken-eu-1',
}
const metadata = { billing: { credits_used: '0.5', input_tokens: 3, output_tokens: 4 }, tier: 'premium' }
const completion = { id: 'chatcmpl-1', object: 'chat.completion', model: 'acme/model-1', choices: [], metadata }

/** Of a record, what names the operator's own arrangement. */
const arrangement = ['gateway', 'key', 'provider', 'failover', 'tier', 'gateway_request_id', 'quota', 'intensity'] as const

const answers: Readonly<Record<string, RequestListener>> = {
  json: (_, response) => response.writeHead(200, { 'content-type': 'application/json', ...telling }).end(JSON.stringify(completion)),
  events: (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', ...telling })
    response.end(`data: {"choices":[],"model":"acme/model-1"}\n\ndata: ${JSON.stringify({ metadata })}\n\ndata: [DONE]\n\n`)
  },
  error: (_, response) =>
    response.writeHead(503, { 'content-type': 'application/json', ...telling }).end('{"error":{"message":"no","type":"upstream_error"}}'),
  bytes: (_, response) => response.writeHead(200, { 'content-type': 'audio/mpeg', ...telling }).end(Buffer.alloc(9)),
}

describe.each(doorNames)('browser.record: public, behind the %s door', (door: DoorName) => {
  let upstream: HostileUpstream
  let backend: CookieBackend
  let house: House
  let full: House
  let answer: RequestListener
  beforeAll(async () => {
    upstream = await startHostileUpstream((request, response) => answer(request, response))
    backend = await startCookieBackend()
    const callers = { forwardAuth: { url: backend.url }, anonymous: { team: 'acme', limit: 100, window: '1m' } }
    const open = (record: 'full' | 'public') =>
      openHouse({ door, baseURL: upstream.baseURL, callers, config: { browser: { origins: [page], record } } })
    ;[house, full] = [await open('public'), await open('full')]
  })
  afterAll(async () => {
    await Promise.all([house.close(), full.close()])
    await upstream.close()
    await backend.stop()
  })

  interface Told {
    readonly status: number
    readonly records: readonly GovernanceRecord[]
    readonly headers: Headers
  }

  async function ask(
    kind: string,
    { credential, headers }: { credential?: string | null; headers?: Record<string, string> },
    of = house,
  ): Promise<Told> {
    answer = answers[kind] as RequestListener
    const got = await of.chat({
      body: { stream: kind === 'events' },
      ...(credential === undefined ? {} : { credential }),
      ...(headers === undefined ? {} : { headers }),
    })
    const text = await got.text()
    const carried = [got.headers.get('postern-governance'), /^: postern (.*)$/m.exec(text)?.[1]]
    return { status: got.status, records: carried.flatMap((each) => parseGovernance(each) ?? []), headers: got.headers }
  }

  const pages: Readonly<Record<string, () => Promise<{ credential?: string | null; headers?: Record<string, string> }>>> = {
    'of a listed origin': async () => ({ headers: { origin: page } }),
    'of our own origin, that only reads': async () => ({ headers: { 'sec-fetch-site': 'same-origin' } }),
    'that a browser marks by one header alone': async () => ({ headers: { 'sec-fetch-dest': 'empty' } }),
    'with a cookie': async () => ({
      credential: null,
      headers: { cookie: backend.signIn('ada', 'acme'), 'sec-fetch-site': 'same-origin' },
    }),
    'without any credential': async () => ({ credential: null }),
    'with a session bound to it': async () => ({
      credential: (await house.minter.mint({ user: 'ada', team: 'acme', origin: page })).token,
      headers: { origin: page },
    }),
  }

  describe.each(Object.keys(pages))('a page %s', (name) => {
    test.each(Object.keys(answers))('does not learn of the arrangement from an answer: %s', async (kind) => {
      const told = await ask(kind, await (pages[name] as NonNullable<(typeof pages)[string]>)())
      expect(told.records.length).toBe(kind === 'events' ? 2 : 1)
      for (const record of told.records) for (const field of arrangement) expect(record).not.toHaveProperty(field)
      for (const header of Object.keys(telling)) expect(told.headers.has(header)).toBe(false)
      expect(told.headers.get('access-control-expose-headers')).not.toMatch(/daoe/i)
      // What concerns the page itself, it is told.
      expect(told.records.at(-1)).toMatchObject({ request_id: told.headers.get('x-request-id'), attempt: 1 })
      if (kind === 'json' || kind === 'events')
        expect(told.records.at(-1)).toMatchObject({
          model: 'acme/model-1',
          model_requested: house.model,
          usage: { input: 3, output: 4 },
          cost: { amount: 0.5 },
          finish: 'complete',
        })
    })
  })

  test('a refusal before the gateway was asked says no more', async () => {
    const refused = await house.chat({ headers: { origin: page, 'x-workflow-id': 'not a tag' } })
    const record = parseGovernance(refused.headers.get('postern-governance'))
    expect([refused.status, record?.finish]).toEqual([400, 'refused'])
    for (const field of arrangement) expect(record).not.toHaveProperty(field)
  })

  test('the ledger has all of it', async () => {
    const before = house.ledger.entries.length
    await ask('json', { headers: { origin: page } })
    await expect.poll(() => house.ledger.entries.length).toBe(before + 1)
    expect(house.ledger.entries.at(-1)).toMatchObject({ gateway: 'main', key: 'acme', provider: 'provider-7', tier: 'premium' })
  })

  test.each(['json', 'events', 'error', 'bytes'])('a program gets all of it: %s', async (kind) => {
    const { token } = await house.minter.mint({ user: 'ada', team: 'acme' })
    for (const credential of [house.callers.acme, token]) {
      const told = await ask(kind, { credential })
      expect(told.records.at(-1)).toMatchObject({ gateway: 'main', key: 'acme', provider: 'provider-7' })
      expect(told.headers.get('x-daoe-used-provider')).toBe('provider-7')
    }
  })

  test('and so does a page, where the operator says nothing', async () => {
    const told = await ask('json', { headers: { origin: page } }, full)
    expect(told.records.at(-1)).toMatchObject({ gateway: 'main', key: 'acme', provider: 'provider-7' })
    expect(told.headers.get('access-control-expose-headers')).toMatch(/x-daoe-used-provider/i)
  })
})
