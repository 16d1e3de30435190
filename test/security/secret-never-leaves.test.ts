import { inspect } from 'node:util'
import { serialize } from 'node:v8'
import { checkConfig } from '@postern/config'
import { Secret } from '@postern/ports'
import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { rawChat, statusOf } from '../support/raw-chat.js'

const value = 'jt_a_value_that_must_stay_here'
const secret = new Secret(value)

function attempt(print: () => string): string {
  try {
    return print()
  } catch (error) {
    return String(error)
  }
}

describe('secret-never-leaves', () => {
  test.each<[how: string, print: () => string]>([
    ['String()', () => String(secret)],
    ['a template', () => `key ${secret as unknown as string}`],
    ['JSON.stringify', () => JSON.stringify({ secret, list: [secret] })],
    [
      'inspect with everything shown',
      () => inspect({ secret }, { showHidden: true, depth: Infinity, getters: true, customInspect: false }),
    ],
    ['inspect', () => inspect(secret)],
    ['console formatting', () => inspect([secret, { deep: { deeper: secret } }], { depth: Infinity })],
    ['Object.entries', () => JSON.stringify(Object.entries(secret))],
    ['Reflect.ownKeys', () => JSON.stringify(Reflect.ownKeys(secret).map((key) => Reflect.get(secret, key) as unknown))],
    ['structuredClone', () => inspect(structuredClone({ secret }), { depth: Infinity, showHidden: true })],
    ['v8.serialize', () => serialize({ secret }).toString('latin1')],
    ['an error that carries it', () => inspect(new Error('x', { cause: { secret } }), { depth: Infinity })],
    ['arithmetic', () => String(Number(secret))],
  ])('not by %s', (_, print) => {
    expect(attempt(print)).not.toContain(value)
  })

  test('not by a checked configuration, however it is printed', () => {
    const result = checkConfig(
      {
        version: 1,
        gateways: { main: { dialect: 'joytoken' } },
        keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
        bindings: [{ team: 'acme', key: 'acme' }],
        callers: { session: { secret: { env: 'SESSION' } } },
      },
      { env: { KEY: value, SESSION: value.repeat(2) }, directory: '.' },
    )
    expect(result.checked).toBeDefined()
    expect(inspect(result, { depth: Infinity, showHidden: true })).not.toContain(value)
    expect(JSON.stringify(result)).not.toContain(value)
  })

  forEachDoor({ gateway: 'mintoken' }, (house) => {
    const holds = (text: string): boolean => house().secrets.some((each) => text.includes(each))

    test('not by a dump of the runtime', () => {
      expect(holds(inspect(house().runtime, { depth: Infinity, showHidden: true, getters: true }))).toBe(false)
    })

    test.each(['echo-key', 'echo-key-error', 'gateway_key_rejected', 'provider_key_rejected'])(
      'not by a gateway that repeats it: %s',
      async (name) => {
        for (const stream of [false, true]) {
          const model = `emulate/${name}`
          const answer = await rawChat(house(), [], { body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'x' }] }) })
          const begun = stream && name === 'echo-key'
          expect(statusOf(answer)).toBe(begun ? 200 : name === 'echo-key-error' ? 400 : 502)
          expect(answer).not.toContain('[DONE]')
          expect(holds(answer)).toBe(false)
        }
        expect(holds(JSON.stringify(house().ledger.entries))).toBe(false)
      },
    )
  })
})
