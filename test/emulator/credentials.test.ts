import { startEmulator } from '@postern/emulator'
import { describe, expect, test } from 'vitest'
import { KEYS, chat, emulate, goodHeaders, json } from './support.js'

const JSON_TYPE = { 'content-type': 'application/json' }

describe('JoyToken', () => {
  const key = KEYS.joytoken.secret

  test('accepts the key as Bearer or in X-API-Key', async () => {
    const emulator = await emulate('joytoken')
    expect((await chat(emulator, { headers: { ...JSON_TYPE, authorization: `Bearer ${key}` } })).status).toBe(200)
    expect((await chat(emulator, { headers: { ...JSON_TYPE, 'x-api-key': key } })).status).toBe(200)
  })

  test('reads X-API-Key first when both arrive', async () => {
    const emulator = await emulate('joytoken')
    const wrongFirst = await chat(emulator, { headers: { ...JSON_TYPE, authorization: `Bearer ${key}`, 'x-api-key': 'jt_stale' } })
    const rightFirst = await chat(emulator, { headers: { ...JSON_TYPE, authorization: 'Bearer jt_stale', 'x-api-key': key } })
    expect(wrongFirst.status).toBe(403)
    expect(rightFirst.status).toBe(200)
    expect(emulator.seen[0]?.credentials).toEqual([
      { where: 'header authorization', value: key },
      { where: 'header x-api-key', value: 'jt_stale' },
    ])
  })

  test('answers 401 without a key and 403 with a wrong one', async () => {
    const emulator = await emulate('joytoken')
    const missing = await chat(emulator, { headers: JSON_TYPE })
    expect(missing.status).toBe(401)
    expect(await missing.json()).toEqual({ error: { type: 'missing_api_key', message: 'missing api key' } })
    const wrong = await chat(emulator, { headers: { ...JSON_TYPE, authorization: 'Bearer jt_wrong' } })
    expect(wrong.status).toBe(403)
    expect((await json(wrong)).error.type).toBe('invalid_api_key')
  })

  test('gives the model catalogue to anybody', async () => {
    const emulator = await emulate('joytoken')
    const catalogue = await json(fetch(`${emulator.origin}/api/v1/models?tier=economy`))
    expect(catalogue).toMatchObject({ code: 0, message: 'success', data: { models: [{ tier: 'economy' }] } })
  })
})

describe('OpenToken', () => {
  test('accepts Bearer only, and tells a missing, an unknown and an expired key apart', async () => {
    const key = { ...KEYS.opentoken }
    const emulator = await emulate('opentoken', { keys: [key] })
    const code = async (headers: Record<string, string>) => {
      const response = await chat(emulator, { headers: { ...JSON_TYPE, ...headers } })
      return [response.status, (await json(response)).error?.code]
    }
    expect(await code({ 'x-api-key': key.secret })).toEqual([401, 'missing_auth'])
    expect(await code({ authorization: `Basic ${key.secret}` })).toEqual([401, 'missing_auth'])
    expect(await code({ authorization: 'Bearer sk-optk-unknown' })).toEqual([401, 'invalid_key'])
    expect(await code({ authorization: `Bearer ${key.secret}` })).toEqual([200, undefined])
    key.state = 'expired'
    expect(await code({ authorization: `Bearer ${key.secret}` })).toEqual([401, 'expired_key'])
    key.state = 'revoked'
    expect(await code({ authorization: `Bearer ${key.secret}` })).toEqual([401, 'invalid_key'])
    key.state = 'spend-limited'
    expect(await code({ authorization: `Bearer ${key.secret}` })).toEqual([429, 'spend_limit_exceeded'])
    key.state = 'out-of-credit'
    expect(await code({ authorization: `Bearer ${key.secret}` })).toEqual([402, 'insufficient_credit'])
  })

  test('lists its models for a key only', async () => {
    const emulator = await emulate('opentoken')
    expect((await fetch(`${emulator.baseURL}/models`)).status).toBe(401)
    expect((await json(fetch(`${emulator.baseURL}/models`, { headers: goodHeaders('opentoken') }))).object).toBe('list')
    expect(await json(fetch(`${emulator.origin}/health`))).toEqual({ status: 'ok' })
  })
})

describe('Free AI', () => {
  const key = KEYS.freeai.secret
  const rest = { ...JSON_TYPE, 'x-gateway-project-id': 'tests' }

  test('reads Bearer first, and x-api-key only where there is no Bearer', async () => {
    const emulator = await emulate('freeai')
    const status = async (headers: Record<string, string>) => (await chat(emulator, { headers: { ...rest, ...headers } })).status
    expect(await status({ authorization: `Bearer ${key}` })).toBe(200)
    expect(await status({ 'x-api-key': key })).toBe(200)
    expect(await status({ authorization: 'Bearer wrong', 'x-api-key': key })).toBe(401)
    expect(await status({ authorization: `Bearer ${key}`, 'x-api-key': 'wrong' })).toBe(200)
    expect(await status({ authorization: 'Basic wrong', 'x-api-key': key })).toBe(200)
  })

  test('knows Bearer only with a capital and one space', async () => {
    const emulator = await emulate('freeai')
    const status = async (authorization: string) => (await chat(emulator, { headers: { ...rest, authorization } })).status
    expect(await status(`bearer ${key}`)).toBe(401)
    expect(await status(`Bearer  ${key}`)).toBe(401)
  })

  test('answers 503 to every call when it has no key of its own', async () => {
    const response = await chat(await emulate('freeai', { keys: [] }))
    expect(response.status).toBe(503)
    expect((await json(response)).error.code).toBe('auth_not_configured')
  })

  test('answers health and models without a key', async () => {
    const emulator = await emulate('freeai')
    expect((await json(fetch(`${emulator.origin}/health`))).ok).toBe(true)
    expect((await json(fetch(`${emulator.baseURL}/models`))).data.length).toBeGreaterThan(0)
    const page = await fetch(`${emulator.origin}/health`, { headers: { accept: 'text/html' } })
    expect(page.headers.get('content-type')).toContain('text/html')
  })
})

describe('Onysoft', () => {
  test('accepts Bearer only and answers in its own envelope', async () => {
    const emulator = await emulate('onysoft')
    const response = await chat(emulator, { headers: { ...JSON_TYPE, 'x-api-key': KEYS.onysoft.secret } })
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ success: false, error: { code: 'invalid_api_key' } })
    expect((await chat(emulator)).status).toBe(200)
  })

  test('cannot be started with a key it would never issue', async () => {
    await expect(startEmulator('onysoft', { keys: [{ secret: 'sk-ony-short' }] })).rejects.toThrow(/keys\[0\]/)
  })
})

describe('Mintoken', () => {
  const { secret, providerSecret } = KEYS.mintoken

  test('needs both the account key and the provider key', async () => {
    const emulator = await emulate('mintoken')
    const answer = async (headers: Record<string, string>) => {
      const response = await chat(emulator, { headers: { ...JSON_TYPE, ...headers } })
      return [response.status, await json(response)]
    }
    expect(await answer({})).toEqual([401, { detail: 'Missing API key' }])
    expect(await answer({ authorization: 'Bearer sk-other' })).toEqual([401, { detail: 'Invalid API key' }])
    expect(await answer({ authorization: `Bearer ${secret}` })).toEqual([400, { detail: 'Missing X-Provider-Key header' }])
    const wrong = await answer({ authorization: `Bearer ${secret}`, 'x-provider-key': 'sk-wrong' })
    expect(wrong).toMatchObject([401, { error: { code: 'invalid_api_key', type: 'invalid_request_error' } }])
    expect((await answer({ authorization: `Bearer ${secret}`, 'x-provider-key': providerSecret ?? '' }))[0]).toBe(200)
  })

  test('passes the provider its refusal on in the form of that provider', async () => {
    const emulator = await emulate('mintoken')
    const headers = { ...JSON_TYPE, authorization: `Bearer ${secret}`, 'x-provider-key': 'sk-wrong' }
    const anthropic = await fetch(`${emulator.baseURL}/messages`, { method: 'POST', headers, body: '{}' })
    expect([anthropic.status, await anthropic.json()]).toMatchObject([401, { type: 'error', error: { type: 'authentication_error' } }])
    const google = await fetch(`${emulator.baseURL}/generateContent`, { method: 'POST', headers, body: '{}' })
    expect([google.status, await google.json()]).toMatchObject([401, { error: { code: 401, status: 'UNAUTHENTICATED' } }])
  })
})

test('every credential of a request is recorded, wherever it came in', async () => {
  const emulator = await emulate('joytoken')
  const { secret } = KEYS.joytoken
  await fetch(`${emulator.baseURL}/chat/completions?key=abc&note=${secret}`, {
    headers: { cookie: 'session=1', 'x-note': `see ${secret}`, 'x-goog-api-key': 'g' },
  })
  expect(emulator.seen[0]?.credentials).toEqual(
    expect.arrayContaining([
      { where: 'query key', value: 'abc' },
      { where: 'query note', value: secret },
      { where: 'header cookie', value: 'session=1' },
      { where: 'header x-note', value: `see ${secret}` },
      { where: 'header x-goog-api-key', value: 'g' },
    ]),
  )
})

test('a key can be revoked and another added while the emulator runs', async () => {
  const keys = [{ ...KEYS.joytoken }]
  const emulator = await emulate('joytoken', { keys })
  expect((await chat(emulator)).status).toBe(200)
  keys[0] = { ...KEYS.joytoken, state: 'revoked' }
  keys.push({ secret: 'jt_second' })
  expect((await chat(emulator)).status).toBe(403)
  expect((await chat(emulator, { headers: { ...JSON_TYPE, authorization: 'Bearer jt_second' } })).status).toBe(200)
})
