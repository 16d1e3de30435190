import type { Dialect, Dialects } from '@postern/gateways'
import { type ErrorCode, errorCodes, parseGovernance } from '@postern/protocol'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRecordedHouse, type RecordedHouse } from './recorded-house.js'
import type { Recording } from './recordings.js'

/** Plays every recording of a gateway to a client of Postern, one test each. A further gateway needs no other test. */
export function describeRecordings(dialect: Dialect, recordings: readonly Recording[], dialects: Dialects): void {
  describe(`${dialect.title}, as recorded`, () => {
    let house: RecordedHouse
    beforeAll(async () => {
      house = await openRecordedHouse(dialect, dialects)
    })
    afterAll(() => house.close())

    test.each(recordings.map((recording) => [recording.name, recording] as const))('%s', async (_, recording) => {
      house.play(recording)
      const { client } = recording
      const answer = await house.ask(recording)
      const text = await answer.text().catch(() => undefined)
      await expect.poll(() => house.ledger.entries.length).toBeGreaterThan(0)
      const [entry] = house.ledger.entries.splice(0)
      expect([answer.status, entry?.finish]).toEqual([client.status, client.finish ?? 'upstream_error'])
      if (client.code !== undefined) {
        const { error } = JSON.parse(text as string) as { error: { code: string; message: string } }
        expect(error.code).toBe(client.code)
        expect(answer.headers.get('x-should-retry')).toBe(client.mayRetry === true ? null : 'false')
        expect(answer.headers.get('postern-refusal')).toBeNull()
        if (client.code in errorCodes && client.ran !== true) expect(errorCodes[client.code as ErrorCode].retryable).toBe(client.mayRetry)
      }
      if (client.retryAfter !== undefined) expect(answer.headers.get('retry-after')).toBe(client.retryAfter)
      expect(entry).toMatchObject(recording.record ?? {})
      const carried = answer.headers.get('content-type')?.includes('event-stream') === true && text !== undefined
      const record = parseGovernance(carried ? /^: postern (.*)$/m.exec(text)?.[1] : answer.headers.get('postern-governance'))
      if (text !== undefined) expect(record).toMatchObject({ finish: entry?.finish, ...recording.record })
    })

    const readable = recordings.filter(({ client }) => client.text !== undefined)
    test.each(readable.map((recording) => [recording.name, recording] as const))('%s, read by the openai client', async (_, recording) => {
      house.play(recording)
      const openai = new OpenAI({ baseURL: house.baseURL, apiKey: house.credential, maxRetries: 0 })
      const question = { model: 'auto', messages: [{ role: 'user' as const, content: 'Good morning' }] }
      const answer =
        recording.request?.['stream'] === true
          ? await openai.chat.completions.stream(question).finalChatCompletion()
          : await openai.chat.completions.create(question)
      expect(answer.choices[0]?.message.content).toBe(recording.client.text)
    })
  })
}
