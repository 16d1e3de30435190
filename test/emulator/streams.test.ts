import { EMULATED_GATEWAYS } from '@postern/emulator'
import { describe, expect, test } from 'vitest'
import { chat, emulate, events, goodHeaders, textOf } from './support.js'
import { startStopwatch } from '../support/stopwatch.js'

describe.each(EMULATED_GATEWAYS)('a stream from %s', (gateway) => {
  test('brings the text in several events and closes with [DONE]', async () => {
    const response = await chat(await emulate(gateway), { stream: true })
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
    const records = await events(response)
    expect(textOf(records)).toBe('You said: good morning')
    expect(records.length).toBeGreaterThan(4)
    expect(records.at(-1)).toBe('[DONE]')
  })

  test('pauses between events as configured', async () => {
    const emulator = await emulate(gateway, { eventDelayMs: 20 })
    const started = Date.now()
    const records = await events(chat(emulator, { stream: true }))
    expect(Date.now() - started).toBeGreaterThanOrEqual((records.length - 1) * 18)
  })

  test('stops at once when the client leaves, and the leaving is recorded', async () => {
    const emulator = await emulate(gateway)
    const leave = new AbortController()
    const watch = startStopwatch()
    const response = await chat(emulator, { stream: true, model: 'emulate/slow-stream', signal: leave.signal })
    await response.body?.getReader().read()
    setTimeout(() => leave.abort(), 150)
    await emulator.seen[0]?.ended
    watch.stop()
    expect(emulator.seen[0]?.abandonedAfterMs).toBeGreaterThan(100)
    expect((emulator.seen[0]?.abandonedAfterMs as number) - watch.lateMs()).toBeLessThan(2000)
  })

  test('is not called abandoned when it was read to its end', async () => {
    const emulator = await emulate(gateway)
    await events(chat(emulator, { stream: true }))
    await emulator.seen[0]?.ended
    expect(emulator.seen[0]?.status).toBe(200)
    expect(emulator.seen[0]?.abandonedAfterMs).toBeUndefined()
  })
})

describe('the last records of a stream', () => {
  test('JoyToken: metadata without choices, with billing, before [DONE]', async () => {
    const headers = { ...goodHeaders('joytoken'), 'x-request-id': 'run-7.step-2' }
    const records = await events(chat(await emulate('joytoken'), { stream: true, headers }))
    const metadata = records.at(-2)
    expect(Object.keys(metadata)).toEqual(['metadata'])
    expect(metadata.metadata.request_id).toBe('run-7.step-2')
    expect(metadata.metadata.billing).toMatchObject({ credits_used: '0.0150', input_tokens: 2, output_tokens: 4 })
    expect(records.some((record) => record.usage !== undefined)).toBe(false)
  })

  test('JoyToken: metadata as an array, at the front, or beside choices when asked', async () => {
    const emulator = await emulate('joytoken')
    const records = (name: string) => events(chat(emulator, { stream: true, model: `emulate/${name}` }))
    expect(Array.isArray((await records('metadata-array')).at(-2).metadata)).toBe(true)
    expect((await records('metadata-first'))[0]).toHaveProperty('metadata')
    expect((await records('metadata-with-choices')).at(-2)).toMatchObject({ choices: [], metadata: {} })
    expect((await records('without-metadata')).some((record) => record.metadata !== undefined)).toBe(false)
    expect((await records('orchestration'))[0].orchestration.phase).toBe('planning')
    const failover = await chat(emulator, { stream: true, model: 'emulate/failover' })
    expect(failover.headers.get('x-daoe-failover')).toBe('true')
  })

  test('OpenToken: usage without a choice, whether asked for or not', async () => {
    const records = await events(chat(await emulate('opentoken'), { stream: true, body: { stream_options: { include_usage: false } } }))
    expect(records.at(-2)).toMatchObject({ choices: [], usage: { total_tokens: 6, prompt_tokens_details: { cached_tokens: 0 } } })
  })

  test('Free AI: nothing but the text; the facts are in the header', async () => {
    const response = await chat(await emulate('freeai'), { stream: true, body: { stream_options: { include_usage: true } } })
    expect(response.headers.get('x-gateway-provider')).toBe('workers_ai')
    expect(response.headers.get('x-gateway-attempts')).toBe('1')
    expect(response.headers.get('x-gateway-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    const records = await events(response)
    expect(records.at(-2).choices[0].finish_reason).toBe('stop')
    expect(records.some((record) => record.usage !== undefined)).toBe(false)
  })

  test('Onysoft: usage and cost, and chunks of the barest kind before', async () => {
    const records = await events(chat(await emulate('onysoft'), { stream: true }))
    expect(records.at(-2)).toMatchObject({ choices: [], usage: { total_tokens: 6 }, cost: { amount: 0.00027, currency: 'USD' } })
    expect(records[0].id).toMatch(/^req_[0-9a-f]{24}$/)
    expect(Object.keys(records[0].choices[0])).toEqual(['delta'])
  })

  test('Mintoken: usage where the caller asks OpenAI for it', async () => {
    const emulator = await emulate('mintoken')
    const asked = await events(chat(emulator, { stream: true, body: { stream_options: { include_usage: true } } }))
    expect(asked.at(-2)).toMatchObject({ choices: [], usage: { total_tokens: 6 } })
    expect(asked[0].usage).toBeNull()
    const notAsked = await events(chat(emulator, { stream: true }))
    expect(notAsked.some((record) => record.usage !== undefined)).toBe(false)
  })
})

describe('a stream that fails half-way', () => {
  const failed = async (gateway: Parameters<typeof emulate>[0]) =>
    events(chat(await emulate(gateway), { stream: true, model: 'emulate/stream-error' }))

  test('JoyToken: an error beside empty choices, and no [DONE]', async () => {
    expect((await failed('joytoken')).at(-1)).toMatchObject({ error: { type: 'upstream_error' }, choices: [] })
  })

  test('OpenToken: the error envelope, and [DONE] still follows', async () => {
    const records = await failed('opentoken')
    expect(records.at(-2)).toHaveProperty('error.code', 'upstream_error')
    expect(records.at(-1)).toBe('[DONE]')
  })

  test('Free AI: its fixed error, and [DONE] still follows', async () => {
    expect((await failed('freeai')).slice(-2)).toEqual([{ error: { message: 'Stream error', type: 'stream_error' } }, '[DONE]'])
  })

  test('Onysoft: its own envelope, and no [DONE]', async () => {
    expect((await failed('onysoft')).at(-1)).toMatchObject({ success: false, error: { code: 'server_error' } })
  })

  test('Mintoken: what the provider emitted, and no [DONE]', async () => {
    expect((await failed('mintoken')).at(-1)).toMatchObject({ error: { type: 'server_error' } })
  })
})

test('JoyToken reports a failed run with status 200 when asked', async () => {
  const response = await chat(await emulate('joytoken'), { model: 'emulate/error-in-200' })
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({ error: { message: 'the run failed', type: 'server_error' }, choices: [] })
})
