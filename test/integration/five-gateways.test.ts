import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { EMULATED_GATEWAYS } from '@postern/emulator'
import { governanceComment, parseGovernance } from '@postern/protocol'
import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { type House, openHouse } from '../support/house.js'

const run = promisify(execFile)

interface Answers {
  readonly json?: { readonly text: string; readonly usage: object; readonly headers: Readonly<Record<string, string>> }
  readonly stream?: { readonly text: string; readonly pieces: number }
  readonly helper?: { readonly text?: string; readonly error?: string }
  readonly error?: { readonly status: number; readonly code: string; readonly message: string }
  readonly environment: readonly string[]
}

/** Runs the official client in a process that holds no gateway key, and no other secret but the caller's own credential. */
async function askWithoutKey({ baseURL, model }: House, credential: string): Promise<Answers> {
  const env = { PATH: process.env['PATH'], POSTERN_URL: baseURL, CALLER_CREDENTIAL: credential, MODEL: model }
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, '../support/keyless-client.mjs')], { env })
  return JSON.parse(stdout) as Answers
}

/** Gateways that count tokens in a stream without being asked to; see their documentation. */
const countsInStreams = new Set<string>(['opentoken', 'onysoft'])

describe.each(EMULATED_GATEWAYS)('the openai client, without any key, through the sidecar to %s', (gateway) => {
  forEachDoor({ gateway }, (house) => {
    test('gets an answer, a stream, and what the stream helper makes of one', async () => {
      const before = house().emulator.seen.length
      const answers = await askWithoutKey(house(), house().callers.acme)
      expect(answers.error).toBeUndefined()
      expect(answers.json?.text).toBe('You said: good morning')
      expect(answers.json?.usage).toMatchObject({ total_tokens: 6 })
      expect(answers.stream?.text).toBe('You said: good morning')
      expect(answers.stream?.pieces).toBeGreaterThan(3)
      expect(answers.helper).toEqual({ text: 'You said: good morning' })
      expect(
        answers.environment.filter((name) => !['PATH', 'POSTERN_URL', 'CALLER_CREDENTIAL', 'MODEL', 'LC_CTYPE'].includes(name)),
      ).toEqual([])

      const seen = house().emulator.seen.slice(before)
      expect(seen.map(({ status }) => status)).toEqual([200, 200, 200])
      const { secret, providerSecret } = house().keys.acme
      const bound = providerSecret === undefined ? [secret] : [secret, providerSecret]
      for (const { credentials } of seen) expect(credentials.map(({ value }) => value)).toEqual(bound)
    })

    test('gets the governance record with the answer, under the id that the gateway saw', async () => {
      const { json } = await askWithoutKey(house(), house().callers.acme)
      const record = parseGovernance(json?.headers['postern-governance'])
      expect(record).toMatchObject({ gateway: 'main', key: 'acme', workflow: 'greet', step: 'first', attempt: 1, finish: 'complete' })
      expect(record?.usage).toMatchObject({ input: 2, output: 4, total: 6 })
      expect(record?.model).toEqual(expect.any(String))
      expect(record?.overhead_ms).toBeGreaterThan(0)
      expect(json?.headers['x-request-id']).toMatch(/^greet\.first\.[0-9A-HJKMNP-TV-Z]{26}\.1$/)
      const ids = house().emulator.seen.flatMap(({ headers }) =>
        headers.filter(([name]) => name.toLowerCase() === 'x-request-id').map(([, id]) => id),
      )
      expect(ids).toContain(json?.headers['x-request-id'])
      expect(json?.headers['access-control-expose-headers']).toContain('Postern-Governance')
    })

    test('gets the record in a stream too, as the last comment before the end', async () => {
      const text = await (await house().chat({ body: { stream: true } })).text()
      const frames = text.split('\n').filter((line) => line.startsWith(governanceComment))
      expect(frames).toHaveLength(1)
      const record = parseGovernance(frames[0]?.slice(governanceComment.length))
      expect(record).toMatchObject({ key: 'acme', finish: 'complete' })
      if (countsInStreams.has(gateway)) expect(record?.usage).toMatchObject({ input: 1, output: 3, source: 'stream' })
      const after = text.slice(text.indexOf(frames[0] as string) + (frames[0]?.length ?? 0)).trim()
      expect(after).toBe('data: [DONE]')
    })

    test('as a second tenant, calls with the other key', async () => {
      const before = house().emulator.seen.length
      const answers = await askWithoutKey(house(), house().callers.globex)
      expect(answers.stream?.text).toBe('You said: good morning')
      const { secret, providerSecret } = house().keys.globex
      for (const { credentials } of house().emulator.seen.slice(before)) {
        expect(credentials.map(({ value }) => value)).toEqual(providerSecret === undefined ? [secret] : [secret, providerSecret])
      }
    })

    test('as a third tenant without a binding, is refused, and the gateway hears nothing of it', async () => {
      const before = house().emulator.seen.length
      const { error } = await askWithoutKey(house(), house().callers.stranger)
      expect(error).toMatchObject({ status: 403, code: 'no_key_for_caller' })
      expect(house().emulator.seen.length).toBe(before)
    })

    test('as a user with a session token, calls with the key of their team', async () => {
      const { token } = await house().minter.mint({ user: 'ada', team: 'globex' })
      const { json } = await askWithoutKey(house(), token)
      expect(parseGovernance(json?.headers['postern-governance'])).toMatchObject({ key: 'globex' })
      expect(house().ledger.entries.at(-1)).toMatchObject({ user: 'ada', team: 'globex', via: 'session' })
    })
  })
})

describe('what each gateway tells of itself is in the record', () => {
  test.each([
    ['joytoken', { model: expect.any(String), tier: expect.any(String), cost: { amount: expect.any(Number), unit: 'credits' } }],
    ['onysoft', { cost: { amount: expect.any(Number), unit: expect.stringMatching(/^[A-Z]{3}$/) } }],
    ['freeai', { provider: expect.any(String), model: expect.any(String), failover: false }],
    ['opentoken', { model: expect.any(String) }],
    ['mintoken', { model: expect.any(String) }],
  ] as const)('%s', async (gateway, expected) => {
    const house = await openHouse({ gateway })
    try {
      const answer = await house.chat()
      expect(parseGovernance(answer.headers.get('postern-governance'))).toMatchObject(expected)
    } finally {
      await house.close()
    }
  })

  test.each([
    ['joytoken', 'failover', true],
    ['freeai', 'degraded', true],
  ] as const)('%s: that another provider stepped in', async (gateway, name, failover) => {
    const house = await openHouse({ gateway })
    try {
      const answer = await house.chat({ body: { model: `emulate/${name}`, stream: true } })
      expect(parseGovernance(answer.headers.get('postern-governance'))).toMatchObject({ failover })
      expect(parseGovernance(/: postern (.*)/.exec(await answer.text())?.[1])).toMatchObject({ failover })
    } finally {
      await house.close()
    }
  })
})
