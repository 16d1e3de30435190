import { parseGovernance } from '@postern/protocol'
import type { MintRequest } from '@postern/server'
import { SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'

const page = 'https://app.example.com'
const others = 'https://evil.example'

describe('a session that is bound', () => {
  forEachDoor({ config: { browser: { origins: [page, others] }, policies: { models: ['auto', 'openai/*'] } } }, (house) => {
    const ask = async (
      bounds: Partial<MintRequest>,
      request: { path?: string; body?: object | null; headers?: Record<string, string> } = {},
    ) => {
      const { token } = await house().minter.mint({ user: 'ada', team: 'acme', ...bounds })
      const before = house().emulator.seen.length
      const { path = 'chat/completions', body = {}, headers } = request
      const answer = await fetch(`${house().baseURL}/${path}`, {
        method: body === null ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${token}`, ...(body === null ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === null ? {} : { body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'Hello' }], ...body }) }),
      })
      await answer.text()
      return { status: answer.status, refusal: answer.headers.get('postern-refusal'), sent: house().emulator.seen.length - before, answer }
    }
    const taken = { status: 200, refusal: null, sent: 1 }
    const refused = (status: number, refusal: string) => ({ status, refusal, sent: 0 })

    test('to models is good for those, and no wider than policy', async () => {
      expect(await ask({ models: ['auto'] })).toMatchObject(taken)
      expect(await ask({ models: ['auto'] }, { body: { model: 'openai/gpt-4o-mini' } })).toMatchObject(refused(403, 'model_not_allowed'))
      expect(await ask({ models: ['openai/*'] }, { body: { model: 'openai/gpt-4o-mini' } })).toMatchObject(taken)
      expect(await ask({ models: ['*'] }, { body: { model: 'anthropic/claude' } })).toMatchObject(refused(403, 'model_not_allowed'))
      expect(await ask({ models: ['auto'] }, { body: { model: undefined } })).toMatchObject(refused(403, 'model_not_allowed'))
    })

    test('to endpoints is good for those', async () => {
      expect(await ask({ endpoints: ['chat/*'] })).toMatchObject(taken)
      expect(await ask({ endpoints: ['chat/completions'] }, { path: 'responses', body: { input: 'x' } })).toMatchObject(
        refused(403, 'endpoint_not_allowed'),
      )
      expect(await ask({ endpoints: ['models'] }, { path: 'models', body: null })).toMatchObject(taken)
    })

    test('to a page is good there, and nowhere else', async () => {
      expect(await ask({ origin: page }, { headers: { origin: page } })).toMatchObject(taken)
      for (const headers of [
        { origin: others },
        {},
        { 'sec-fetch-site': 'same-origin' },
        { 'sec-fetch-site': 'none' },
        { referer: `${page}/` },
      ]) {
        expect(await ask({ origin: page }, { headers })).toMatchObject(refused(403, 'origin_not_allowed'))
      }
      // A page that lies as the sidecar's own need not say where it is when it only reads.
      const own = house().origin
      expect(await ask({ origin: own }, { path: 'models', body: null, headers: { 'sec-fetch-site': 'same-origin' } })).toMatchObject(taken)
      const behind = 'http://localhost:5173'
      const sameOrigin = { 'sec-fetch-site': 'same-origin' }
      expect(await ask({ origin: behind }, { path: 'models', body: null, headers: sameOrigin })).toMatchObject(taken)
      expect(await ask({ origin: behind }, { headers: { origin: behind, ...sameOrigin } })).toMatchObject(taken)
      for (const bound of ['capacitor://localhost', `app://${new URL(own).hostname}`]) {
        expect(await ask({ origin: bound }, { path: 'models', body: null, headers: sameOrigin })).toMatchObject(
          refused(403, 'origin_not_allowed'),
        )
      }
      expect(await ask({ origin: own }, { path: 'models', body: null, headers: { 'sec-fetch-site': 'cross-site' } })).toMatchObject(
        refused(403, 'origin_not_allowed'),
      )
    })

    test('to a workflow has its calls booked there, whatever their headers say', async () => {
      const { answer } = await ask({ workflow: 'onboarding-42' }, { headers: { 'X-Workflow-ID': 'another', 'X-Step-ID': 'draft' } })
      expect(answer.headers.get('x-request-id')).toMatch(/^onboarding-42\.draft\./)
      const record = parseGovernance(answer.headers.get('postern-governance'))
      expect(record).toMatchObject({ workflow: 'onboarding-42', workflow_verified: true, step: 'draft' })
      expect(house().ledger.entries.at(-1)).toMatchObject({ workflow: 'onboarding-42', workflow_verified: true })
      const free = await ask({}, { headers: { 'X-Workflow-ID': 'another' } })
      expect(parseGovernance(free.answer.headers.get('postern-governance'))).not.toHaveProperty('workflow_verified')
    })

    test.each<[what: string, claims: object]>([
      ['a number of calls, which nobody counts', { max_calls: 3 }],
      ['a ceiling that is a text', { max_tokens: '100' }],
      ['a ceiling of nothing', { max_tokens: 0 }],
      ['a spend that nobody books', { spend: 1 }],
      ['no models at all', { models: [] }],
      ['models that are no list', { models: 'auto' }],
      ['models that are no names', { models: [7] }],
      ['an origin that is none', { origin: 'app.example.com' }],
      ['a list of origins', { origin: [page] }],
      ['a workflow that is no tag', { workflow: 'a b' }],
      ['endpoints that are an object', { endpoints: { chat: true } }],
    ])('by %s is not taken at all', async (_, claims) => {
      const now = Math.floor(Date.now() / 1000)
      const token = await new SignJWT({ sub: 'ada', team: 'acme', aud: 'postern', iat: now, exp: now + 60, ...claims })
        .setProtectedHeader({ alg: 'HS256', typ: 'postern-session+jwt' })
        .sign(Buffer.from(house().secrets.at(-1) as string))
      const answer = await house().chat({ credential: token, headers: { origin: page } })
      expect([answer.status, answer.headers.get('postern-refusal')]).toEqual([401, 'caller_invalid'])
    })
  })
})
