import { EMULATED_GATEWAYS, emulatedCases, startEmulator, type Emulator } from '@postern/emulator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KEYS, chat, emulate, goodHeaders, json } from './support.js'

describe.each(EMULATED_GATEWAYS)('%s', (gateway) => {
  const answered = emulatedCases(gateway).filter(({ status }) => status !== 0)
  let emulator: Emulator

  beforeAll(async () => {
    emulator = await startEmulator(gateway, { keys: [KEYS[gateway]] })
  })
  afterAll(() => emulator.close())

  test.each(answered)('answers $name with status $status, asked for by model', async ({ model, status }) => {
    const leave = new AbortController()
    expect((await chat(emulator, { model, signal: leave.signal })).status).toBe(status)
    leave.abort()
  })

  test.each(answered)('answers $name with status $status, asked for by prompt', async ({ prompt, status }) => {
    const leave = new AbortController()
    expect((await chat(emulator, { prompt, signal: leave.signal })).status).toBe(status)
    leave.abort()
  })

  test('gives every case a name of its own and a summary', () => {
    const names = emulatedCases(gateway).map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(emulatedCases(gateway).every(({ summary }) => summary.length > 5)).toBe(true)
  })

  test('checks the credentials before it looks at the case', async () => {
    const response = await chat(emulator, { model: 'emulate/big', headers: { 'content-type': 'application/json' } })
    expect(response.status).toBe(401)
  })

  test('says so when it does not know a case', async () => {
    expect((await chat(emulator, { model: 'emulate/constructor' })).status).toBe(501)
    const response = await chat(emulator, { model: 'emulate/no-such-case' })
    expect(response.status).toBe(501)
    expect((await json(response)).error.type).toBe('unknown_case')
  })

  test('refuses as if the key were revoked', async () => {
    const asked = await json(chat(emulator, { model: 'emulate/gateway_key_rejected' }))
    const revoked = await emulate(gateway, { keys: [{ ...KEYS[gateway], state: 'revoked' }] })
    expect(await json(chat(revoked))).toEqual(asked)
  })
})

describe('error bodies', () => {
  const body = async (gateway: Parameters<typeof emulate>[0], name: string) => {
    const response = await chat(await emulate(gateway), { model: `emulate/${name}` })
    return [response.status, await json(response)]
  }

  test('JoyToken has a message and a type', async () => {
    expect(await body('joytoken', 'policy_rejected')).toEqual([
      403,
      { error: { message: 'requested tier is not allowed', type: 'policy_rejected' } },
    ])
    expect(await body('joytoken', 'catalogue_unavailable')).toEqual([503, { code: 50_300, message: 'admin-bff not available' }])
  })

  test('OpenToken has a message, a type and a code', async () => {
    expect(await body('opentoken', 'spend_limit_exceeded')).toEqual([
      429,
      { error: { message: 'api key spend limit exceeded', type: 'invalid_request_error', code: 'spend_limit_exceeded' } },
    ])
    expect((await body('opentoken', 'api_error'))[1]).toHaveProperty('event_id')
  })

  test('Free AI has two envelopes, and Retry-After on its own limit only', async () => {
    const [status, failure] = await body('freeai', 'schema_validation')
    expect(status).toBe(400)
    expect(failure).toMatchObject({ success: false, error: { name: 'ZodError' } })
    expect(JSON.parse(failure.error.message)).toHaveLength(1)
    const emulator = await emulate('freeai')
    expect((await chat(emulator, { model: 'emulate/rate_limit_error' })).headers.get('retry-after')).toMatch(/^\d+$/)
    expect((await chat(emulator, { model: 'emulate/usage_retriable' })).headers.get('retry-after')).toBeNull()
  })

  test('Onysoft says success false', async () => {
    expect(await body('onysoft', 'insufficient_balance')).toMatchObject([402, { success: false, error: { code: 'insufficient_balance' } }])
  })

  test('Mintoken tells a rate limit from a used-up quota by the text alone', async () => {
    expect(await body('mintoken', 'rate_limited')).toEqual([429, { detail: 'Rate limit exceeded' }])
    expect(await body('mintoken', 'token_quota_exceeded')).toEqual([429, { error: 'token quota exceeded' }])
  })

  test('Mintoken refuses for the provider in the form of the endpoint', async () => {
    const emulator = await emulate('mintoken')
    const response = await fetch(`${emulator.baseURL}/messages`, {
      method: 'POST',
      headers: goodHeaders('mintoken'),
      body: JSON.stringify({ model: 'emulate/provider_overloaded' }),
    })
    expect([response.status, await response.json()]).toMatchObject([529, { type: 'error', error: { type: 'overloaded_error' } }])
  })
})
