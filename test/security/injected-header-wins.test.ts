import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { rawChat, statusOf } from '../support/raw-chat.js'

/** Each name as a client might spell it to slip past: case, underscores, both. */
function spellings(name: string): readonly string[] {
  return [name, name.toLowerCase(), name.toUpperCase(), name.replaceAll('-', '_'), name.toUpperCase().replaceAll('-', '_')]
}

const injected = { joytoken: [], freeai: ['X-Gateway-Project-Id', 'X-Gateway-Force-Provider'], mintoken: ['X-Mintoken-Intensity'] } as const
const always = ['X-Request-ID', 'X-Forwarded-For', 'X-Real-IP', 'Forwarded', 'Cookie', 'X-User-Id', 'traceparent', 'Postern-Governance']

describe('injected-header-wins', () => {
  for (const gateway of ['joytoken', 'freeai', 'mintoken'] as const) {
    describe(gateway, () => {
      forEachDoor({ gateway }, (house) => {
        for (const name of [...always, ...injected[gateway]].flatMap(spellings)) {
          test(`a client’s ${name} does not reach the gateway`, async () => {
            const before = house().emulator.seen.length
            const answer = await rawChat(house(), [`${name}: forged-by-client`, `${name}: forged-again`])
            expect([200, 400]).toContain(statusOf(answer))
            for (const seen of house().emulator.seen.slice(before)) {
              expect(seen.headers.filter(([, value]) => value.includes('forged'))).toEqual([])
            }
          })
        }

        test('the credential is sent exactly once, in the one form, after everything of the client', async () => {
          await house().chat({ headers: { 'openai-beta': 'of-the-client=1' } })
          const seen = house().emulator.seen.at(-1)
          const { secret, providerSecret } = house().keys.acme
          expect(seen?.credentials.map(({ value }) => value)).toEqual(providerSecret === undefined ? [secret] : [secret, providerSecret])
          const names = seen?.headers.map(([name]) => name.toLowerCase()) ?? []
          expect(names.filter((name) => name === 'authorization')).toHaveLength(1)
          expect(names).toContain('openai-beta')
          expect(names.indexOf('authorization')).toBeGreaterThan(names.indexOf('openai-beta'))
        })
      })
    })
  }
})
