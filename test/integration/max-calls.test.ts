import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'

describe('a session that is good for a number of calls', () => {
  forEachDoor({ config: { policies: { models: ['auto'], maxTokens: 100, endpoints: ['chat/*', 'models'] } } }, (house) => {
    const limits = { max_tokens: 10 }
    const refusals: readonly [string, Parameters<ReturnType<typeof house>['chat']>[0], number][] = [
      ['a workflow that is no tag', { headers: { 'x-workflow-id': 'not a tag' }, body: limits }, 400],
      ['a step that is no tag', { headers: { 'x-step-id': 'a.b' }, body: limits }, 400],
      ['a parent step that is too long', { headers: { 'x-parent-step-id': 'x'.repeat(65) }, body: limits }, 400],
      ['a step that holds a key', { headers: { 'x-step-id': `sk-${randomBytes(20).toString('hex')}` }, body: limits }, 400],
      ['a model that is not allowed', { body: { model: 'other', ...limits } }, 403],
      ['a ceiling that is too high', { body: { max_tokens: 1000 } }, 400],
      ['a key in the body', { body: { apiKey: 'x', ...limits } }, 400],
    ]
    test.each(refusals)('keeps the call that is refused for %s', async (_, request, status) => {
      const { token } = await house().minter.mint({ user: 'ada', team: 'acme', maxCalls: 1 })
      const before = house().emulator.seen.length
      for (let times = 0; times < 3; times += 1) expect((await house().chat({ ...request, credential: token })).status).toBe(status)
      expect(house().emulator.seen.length).toBe(before)
      expect((await house().chat({ credential: token, body: limits })).status).toBe(200)
      const last = await house().chat({ credential: token, body: limits })
      expect([last.status, last.headers.get('postern-refusal')]).toEqual([402, 'budget_exhausted'])
      expect(house().emulator.seen.length).toBe(before + 1)
    })

    test('keeps it where nothing is asked of a path that there is not', async () => {
      const { token } = await house().minter.mint({ user: 'ada', team: 'acme', maxCalls: 1 })
      const refused = await fetch(`${house().baseURL}/embeddings`, { method: 'POST', headers: { authorization: `Bearer ${token}` } })
      expect(refused.status).toBe(403)
      expect((await house().chat({ credential: token, body: limits })).status).toBe(200)
    })

    test('of many calls at once lets exactly that number through', async () => {
      const { token } = await house().minter.mint({ user: 'ada', team: 'acme', maxCalls: 3 })
      const answers = await Promise.all(Array.from({ length: 10 }, () => house().chat({ credential: token, body: limits })))
      expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([
        200, 200, 200, 402, 402, 402, 402, 402, 402, 402,
      ])
    })
  })
})
