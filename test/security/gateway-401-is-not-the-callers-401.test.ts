import OpenAI, { AuthenticationError, InternalServerError } from 'openai'
import { afterEach, describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { EMULATED_GATEWAYS } from '@postern/emulator'

describe('gateway-401-is-not-the-callers-401', () => {
  for (const gateway of EMULATED_GATEWAYS) {
    describe(gateway, () => {
      forEachDoor({ gateway }, (house) => {
        afterEach(() => {
          house().keys.acme.state = 'active'
        })

        test.each([false, true])('a revoked key ends as 502 gateway_key_rejected (stream: %s)', async (stream) => {
          house().keys.acme.state = 'revoked'
          const before = house().emulator.seen.length
          const client = new OpenAI({ apiKey: house().callers.acme, baseURL: house().baseURL })
          const error: unknown = await client.chat.completions
            .create({ model: house().model, messages: [{ role: 'user', content: 'Hello' }], stream })
            .catch((reason: unknown) => reason)
          expect(error).toBeInstanceOf(InternalServerError)
          expect(error).not.toBeInstanceOf(AuthenticationError)
          const { status, code, headers } = error as InternalServerError
          expect({ status, code }).toEqual({ status: 502, code: 'gateway_key_rejected' })
          // A client that logs its user out on 401, or asks again and again, must do neither.
          expect(headers?.get('www-authenticate')).toBeNull()
          expect(headers?.get('x-should-retry')).toBe('false')
          expect(house().emulator.seen.length - before).toBe(1)

          const entry = await house().ledger.entry(({ request_id }) => request_id === headers?.get('x-request-id'))
          expect(entry).toMatchObject({ status: 502, code: 'gateway_key_rejected', key: 'acme', team: 'acme', finish: 'upstream_error' })
          const all = JSON.stringify([entry, error, [...(headers ?? [])], (error as Error).stack])
          for (const secret of house().secrets) expect(all).not.toContain(secret)
        })

        test('a caller that is not known stays 401, and costs the gateway nothing', async () => {
          const before = house().emulator.seen.length
          const answer = await house().chat({ credential: 'pst_nobody' })
          expect(answer.status).toBe(401)
          expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="postern"')
          expect(await answer.json()).toMatchObject({ error: { code: 'caller_invalid' } })
          expect(house().emulator.seen.length).toBe(before)
        })
      })
    })
  }

  forEachDoor({ gateway: 'mintoken' }, (house) => {
    test('a rejected provider key is the operator’s too', async () => {
      const answer = await house().chat({ body: { model: 'emulate/provider_key_rejected' } })
      expect(answer.status).toBe(502)
      expect(await answer.json()).toMatchObject({ error: { code: 'gateway_key_rejected' } })
    })
  })
})
