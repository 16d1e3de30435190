import { parseGovernance } from '@postern/protocol'
import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'

const requests = {
  'chat/completions': { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'good morning' }] },
  messages: { model: 'claude-sonnet-4-5', max_tokens: 100, messages: [{ role: 'user', content: 'good morning' }] },
  generateContent: { model: 'gemini-2.0-flash', contents: [{ role: 'user', parts: [{ text: 'good morning' }] }] },
}

describe('Mintoken’s three paths, each in its provider’s own format', () => {
  forEachDoor({ gateway: 'mintoken' }, (house) => {
    const call = (path: string, body: object) =>
      fetch(`${house().baseURL}/${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${house().callers.acme}`, 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
        body: JSON.stringify(body),
      })

    test.each(Object.entries(requests))('%s is answered, with both keys and what was used', async (path, body) => {
      const answer = await call(path, body)
      expect(answer.status).toBe(200)
      expect(await answer.text()).toContain('You said: good morning')
      const seen = house().emulator.seen.at(-1)
      expect(seen?.url).toBe(`/v1/${path}`)
      expect(seen?.credentials.map(({ value }) => value)).toEqual([house().keys.acme.secret, house().keys.acme.providerSecret])
      expect(seen?.json).toEqual(body)
      const record = parseGovernance(answer.headers.get('postern-governance'))
      expect(record).toMatchObject({
        finish: 'complete',
        usage: { input: expect.any(Number), output: expect.any(Number), source: 'answer' },
      })
      expect(record?.model).toEqual(expect.any(String))
    })

    test('the gateway’s own measures reach the client', async () => {
      const answer = await call('chat/completions', requests['chat/completions'])
      expect(answer.headers.get('x-mintoken-tokens-saved') ?? answer.headers.get('x-mintoken-intensity')).not.toBeNull()
      expect(answer.headers.get('access-control-expose-headers')?.toLowerCase()).toContain('x-mintoken-')
    })

    test.each(['chat/completions', 'messages'] as const)('%s streams to its own end mark, with the record before it', async (path) => {
      const answer = await call(path, { ...requests[path], stream: true })
      const text = await answer.text()
      expect(answer.headers.get('content-type')).toContain('text/event-stream')
      const end = path === 'messages' ? 'message_stop' : '[DONE]'
      expect(text.trimEnd().split('\n\n').at(-1)).toMatch(path === 'messages' ? /message_stop|: postern/ : /\[DONE\]/)
      expect(text).toContain(end)
      const record = parseGovernance(/^: postern (.*)$/m.exec(text)?.[1])
      expect(record).toMatchObject({ finish: 'complete', key: 'acme' })
    })

    test.each(['messages', 'generateContent'] as const)('a revoked key on %s is ours to replace', async (path) => {
      const answer = await call(path, { ...requests[path], model: 'emulate/gateway_key_rejected' })
      expect([answer.status, await answer.json()]).toMatchObject([502, { error: { code: 'gateway_key_rejected' } }])
    })
  })
})
