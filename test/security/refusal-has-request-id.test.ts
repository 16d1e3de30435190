import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { rawExchange } from '../support/raw-exchange.js'
import { rawChat } from '../support/raw-chat.js'

const requestId = /^([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{1,64})\.[0-7][0-9A-HJKMNP-TV-Z]{25}\.[01]$/

describe('refusal-has-request-id', () => {
  forEachDoor({ timeouts: { headers: '200ms' }, config: { policies: { body: '64KiB', models: ['auto', 'emulate/*'] } } }, (house) => {
    test.each<[room: string, send: () => Promise<string>, code: string]>([
      ['the door, of a path', () => rawChat(house(), [], { path: '/nothing' }), 'not_found'],
      ['the door, of what is not HTTP', () => rawExchange(house().origin, 'GARBAGE\r\n\r\n'), 'request_malformed'],
      ['the door, of endless headers', () => rawChat(house(), [`X-Long: ${'a'.repeat(40_000)}`]), 'headers_too_large'],
      ['the door, of an origin', () => rawChat(house(), ['Origin: https://evil.example']), 'origin_not_allowed'],
      ['identify, of nobody', () => rawChat(house(), [], { credential: null }), 'caller_missing'],
      ['identify, of a stranger', () => rawChat(house(), [], { credential: 'wrong' }), 'caller_invalid'],
      ['identify, of a key', () => rawChat(house(), ['X-API-Key: jt_x']), 'credential_in_request'],
      ['identify, of a delegate that is none', () => rawChat(house(), ['Postern-Act-As: user=x']), 'delegation_not_allowed'],
      ['resolve', () => rawChat(house(), [], { credential: house().callers.stranger }), 'no_key_for_caller'],
      ['resolve, of a path', () => rawChat(house(), [], { path: '/ai/v2/x' }), 'not_found'],
      ['police, of a body', () => rawChat(house(), [], { body: '{' }), 'request_malformed'],
      ['police, of a model', () => rawChat(house(), [], { body: '{"model":"other"}' }), 'model_not_allowed'],
      ['police, of a size', () => rawChat(house(), [], { body: JSON.stringify({ model: 'a'.repeat(70_000) }) }), 'body_too_large'],
      ['tag', () => rawChat(house(), ['X-Step-ID: a b']), 'tag_invalid'],
      [
        'forward, of a gateway that refuses',
        () => rawChat(house(), [], { body: '{"model":"emulate/policy_rejected","messages":[{"role":"user","content":"x"}]}' }),
        'gateway_policy_refused',
      ],
      [
        'forward, of a gateway that is silent',
        () => rawChat(house(), [], { body: '{"model":"emulate/hang","messages":[{"role":"user","content":"x"}]}' }),
        'gateway_timeout',
      ],
    ])('from %s', async (_, send, code) => {
      const answer = await send()
      const header = (name: string): string | undefined => new RegExp(`^${name}: (.*)\r$`, 'im').exec(answer)?.[1]
      const id = header('X-Request-ID') ?? ''
      expect(id).toMatch(requestId)
      const { error } = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as { error: Record<string, unknown> }
      expect(Object.keys(error)).toEqual(['message', 'type', 'code', 'param'])
      expect(error['code']).toBe(code)
      expect(JSON.parse(header('Postern-Governance') ?? '{}')).toMatchObject({ request_id: id })
      expect(header('Postern-Refusal')).toBe(code.startsWith('gateway_') ? undefined : code)
      const parsed =
        !['headers_too_large'].includes(code) &&
        !answer.startsWith('HTTP/1.1 400 Bad Request\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length')
      if (parsed) expect(house().ledger.entries.filter((entry) => entry.request_id === id)).toHaveLength(1)
    })
  })
})
