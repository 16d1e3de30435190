import type { ConfigInput } from '@postern/config'
import { sessionToken } from '@postern/protocol'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { EMULATED_GATEWAYS } from '@postern/emulator'

/** Where a careless library would find a key by itself. */
const temptations = ['OPENAI_API_KEY', 'JOYTOKEN_API_KEY', 'GATEWAY_API_KEY', 'POSTERN_KEY', 'OPENAI_BASE_URL']

describe('no-key-no-fallback', () => {
  beforeAll(() => {
    for (const name of temptations) vi.stubEnv(name, 'sk-from-the-environment')
  })
  afterAll(() => {
    vi.unstubAllEnvs()
  })

  for (const gateway of EMULATED_GATEWAYS) {
    describe(gateway, () => {
      forEachDoor({ gateway }, (house) => {
        test('a caller without a binding is refused although two other keys are loaded and a third is in the environment', async () => {
          const before = house().emulator.seen.length
          const answer = await house().chat({ credential: house().callers.stranger })
          expect(answer.status).toBe(403)
          expect(answer.headers.get('x-should-retry')).toBe('false')
          expect(await answer.json()).toMatchObject({ error: { code: 'no_key_for_caller', type: 'permission_error' } })
          expect(house().emulator.seen.length).toBe(before)
          const record = JSON.parse(answer.headers.get('postern-governance') ?? '') as Record<string, unknown>
          expect(record).toMatchObject({ attempt: 0, finish: 'refused' })
          expect(record).not.toHaveProperty('key')
          expect(record).not.toHaveProperty('gateway')
        })

        test('nor by acting for somebody who has none, or for nobody', async () => {
          const before = house().emulator.seen.length
          for (const forWhom of ['user=nobody', 'team=nowhere', 'project=none']) {
            const answer = await house().chat({ credential: house().callers.delegate, headers: { 'postern-act-as': forWhom } })
            expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([403, 'no_key_for_caller'])
          }
          expect((await house().chat({ credential: house().callers.delegate })).status).toBe(403)
          expect(house().emulator.seen.length).toBe(before)
        })

        test('nor by a session that names a tenant in another spelling', async () => {
          for (const team of ['ACME', ' acme', 'acme ', 'acmé', 'аcme', '*']) {
            const token = await new SignJWT({ sub: 'eve', team })
              .setProtectedHeader({ alg: sessionToken.algorithm, typ: sessionToken.type })
              .setAudience(sessionToken.audience)
              .setIssuedAt()
              .setExpirationTime('5m')
              .sign(Buffer.from(house().sessionSecret))
            const { status } = await house().chat({ credential: token })
            // A name with blanks around it is none; any other is the name of another team, which has no key.
            expect([team, status]).toEqual([team, team.trim() === team ? 403 : 401])
          }
        })
      })
    })
  }

  const byDefault: Partial<ConfigInput> = {
    bindings: [
      { team: 'acme', key: 'acme' },
      { default: true, key: 'globex' },
    ],
  }
  forEachDoor({ config: byDefault }, (house) => {
    test('only an operator who writes `default: true` gives everybody a key', async () => {
      expect((await house().chat({ credential: house().callers.stranger })).status).toBe(200)
      expect(
        house()
          .emulator.seen.at(-1)
          ?.credentials.map(({ value }) => value),
      ).toEqual([house().keys.globex.secret])
      await house().chat({ credential: house().callers.acme })
      expect(
        house()
          .emulator.seen.at(-1)
          ?.credentials.map(({ value }) => value),
      ).toEqual([house().keys.acme.secret])
    })
  })
})
