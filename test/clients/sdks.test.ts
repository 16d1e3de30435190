import { createPosternFetch, type PosternFetch, PosternStreamError } from '@postern/client'
import { runWorkflow } from '@postern/server'
import OpenAI6 from 'openai'
import OpenAI7 from 'openai-7'
import { VERSION as version6 } from 'openai/version'
import { VERSION as version7 } from 'openai-7/version'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type House, openHouse } from '../support/house.js'
import { aiSdk } from './sdk-ai.js'
import { agents } from './sdk-agents.js'
import { anthropic } from './sdk-anthropic.js'
import { langchain } from './sdk-langchain.js'
import { openaiChat, openaiResponses } from './sdk-openai.js'
import type { OpenSdk, Sdk } from './sdk.js'
import { type ScriptedGateway, startScriptedGateway } from './scripted-gateway.js'

const sdks: readonly Sdk[] = [
  openaiChat(`openai ${version6}`, OpenAI6),
  openaiResponses(`openai ${version6}`, OpenAI6),
  openaiChat(`openai ${version7}`, OpenAI7 as unknown as typeof OpenAI6),
  openaiResponses(`openai ${version7}`, OpenAI7 as unknown as typeof OpenAI6),
  anthropic,
  aiSdk('chat'),
  aiSdk('responses'),
  langchain('chat'),
  langchain('responses'),
  agents('chat'),
  agents('responses'),
]

interface Opened {
  readonly postern: PosternFetch
  readonly sdk: OpenSdk
  /** The headers of each request as it left for Postern. */
  readonly sent: readonly Headers[]
  /** The session that it may use. */
  readonly token: string
}

const failure = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => expect.unreachable('nothing was thrown'),
    (error: Error) => error,
  )
const nobody = (): void => {}

describe.each(sdks.map((sdk) => [sdk.name, sdk] as const))('%s on Postern’s fetch', (_, { gateway, api, whenAborted, open }) => {
  let house: House
  let scriptedHouse: House
  let scripted: ScriptedGateway
  beforeAll(async () => {
    house = await openHouse({ gateway })
    scripted = await startScriptedGateway()
    scriptedHouse = await openHouse({ gateway, baseURL: `${scripted.origin}/v1` })
  })
  afterAll(async () => {
    await house.close()
    await scriptedHouse.close()
    await scripted.close()
  })

  async function connect(at = house, bounds: object = {}): Promise<Opened> {
    const sent: Headers[] = []
    const { token } = await at.minter.mint({ user: 'ada', team: 'acme', ...bounds })
    const postern = createPosternFetch({
      url: `${at.origin}/ai`,
      token: async () => token,
      fetch: (input, init) => {
        sent.push(new Headers(init?.headers))
        return fetch(input, init)
      },
    })
    return { postern, sent, token, sdk: open(postern, at.model) }
  }

  /** The id under which the gateway saw the last request. */
  const idAtGateway = (): string | undefined => house.emulator.seen.at(-1)?.headers.find(([name]) => /^x-request-id$/i.test(name))?.[1]
  const asStep = <Result>(run: () => Result): Result => runWorkflow('run-1', (workflow) => workflow.step('ask', run))

  test('calls, tagged by what runs around it, and its record is found', async () => {
    const { sdk, postern } = await connect()
    const { text, given } = await asStep(() => sdk.call('good morning'))
    expect(text).toBe('You said: good morning')
    expect(idAtGateway()).toMatch(/^run-1\.ask\.[0-9A-Z]{26}\.1$/)
    expect(postern.governance(given)).toMatchObject({
      request_id: idAtGateway(),
      key: 'acme',
      workflow: 'run-1',
      step: 'ask',
      finish: 'complete',
      usage: { output: expect.any(Number) },
    })
  })

  test('streams, tagged likewise, and returns where the answer is whole', async () => {
    const { sdk, postern } = await connect()
    const pieces: string[] = []
    const { text, given } = await asStep(() => sdk.stream('good morning', (piece) => pieces.push(piece)))
    expect([text, pieces.join('')]).toEqual(['You said: good morning', 'You said: good morning'])
    expect(idAtGateway()).toMatch(/^run-1\.ask\./)
    const record = await (postern.governance(given) as unknown)
    expect(record).toMatchObject({ request_id: idAtGateway(), key: 'acme', workflow: 'run-1', step: 'ask' })
    expect(record).toMatchObject({ finish: 'complete', usage: { output: expect.any(Number) } })
    expect(house.ledger.entries.at(-1)).toMatchObject({ finish: 'complete' })
  })

  test('lets its model use a tool, each call of the loop tagged', async () => {
    const { sdk } = await connect(scriptedHouse)
    const before = scripted.ids.length
    expect(await asStep(() => sdk.useTool('How is the weather?'))).toBe('It is sunny in Bern.')
    if (sdk.streamTool !== undefined) expect(await asStep(() => sdk.streamTool?.('How is the weather?'))).toBe('It is sunny in Bern.')
    const ids = scripted.ids.slice(before)
    expect(ids.length).toBe(sdk.streamTool === undefined ? 2 : 4)
    expect(ids.every((id) => id.startsWith('run-1.ask.'))).toBe(true)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('sends no key and no credential of its own, neither to Postern nor to the gateway', async () => {
    const { sdk, sent, token } = await connect()
    await sdk.call('good morning')
    await sdk.stream('good morning', nobody)
    expect(sent.length).toBe(2)
    for (const headers of sent) {
      expect(headers.get('authorization')).toBe(`Bearer ${token}`)
      expect(['x-api-key', 'api-key', 'x-goog-api-key', 'cookie'].filter((name) => headers.has(name))).toEqual([])
    }
    const { secret, providerSecret } = house.keys.acme
    for (const { credentials } of house.emulator.seen.slice(-2))
      expect(new Set(credentials.map(({ value }) => value))).toEqual(new Set([secret, providerSecret].filter((text) => text !== undefined)))
  })

  test.each(['call', 'stream'] as const)('throws what was refused of a %s, by Postern or by the gateway, with its record', async (kind) => {
    const ask = ({ sdk }: Opened, prompt: string): Promise<unknown> => (kind === 'call' ? sdk.call(prompt) : sdk.stream(prompt, nobody))
    const bound = await connect(house, { models: ['another'] })
    const before = house.emulator.seen.length
    const refused = await failure(ask(bound, 'good morning'))
    expect(refused.message).toContain('The policy does not allow the model')
    expect(bound.postern.governance(refused)).toMatchObject({ attempt: 0, finish: 'refused' })
    expect(house.emulator.seen.length).toBe(before)

    const free = await connect()
    const rejected = await failure(ask(free, `emulate: ${gateway === 'mintoken' ? 'provider_key_rejected' : 'gateway_key_rejected'}`))
    expect(rejected.message).toContain('The gateway rejected the key that Postern holds')
    expect(free.postern.governance(rejected)).toMatchObject({ request_id: idAtGateway(), key: 'acme', finish: 'upstream_error' })
  })

  test('throws where a stream breaks off', async () => {
    const { sdk } = await connect()
    expect(brokenOff(await failure(sdk.stream('emulate: cut-stream', nobody)))).toMatchObject({ finish: 'truncated' })
  })

  test('throws where a stream ends before its answer does', async () => {
    const [at, prompt] = api === 'responses' ? [scriptedHouse, 'stop'] : [house, 'emulate: end-without-done']
    const { sdk } = await connect(at)
    const thrown = brokenOff(await failure(sdk.stream(prompt, nobody)))
    expect(thrown).toMatchObject({ finish: 'truncated', record: { key: 'acme' } })
    expect(thrown.received).toMatch(/^(?:You said|Half of)/)
  })

  test('throws where a stream fails', async () => {
    const [at, prompt] = api === 'responses' ? [scriptedHouse, 'fail'] : [house, 'emulate: stream-error']
    const { sdk } = await connect(at)
    // The AI SDK passes on what the gateway said as it is, which is no Error.
    expect(await failure(sdk.stream(prompt, nobody))).toMatchObject({ message: expect.any(String) })
    expect(at.ledger.entries.at(-1)).toMatchObject({ finish: 'upstream_error' })
  })

  test(`stops where it is aborted, up to the gateway, and ${whenAborted} as it does anywhere`, async () => {
    const { sdk } = await connect()
    const controller = new AbortController()
    let pieces = 0
    const stop = (): void => {
      pieces += 1
      if (pieces === 3) controller.abort()
    }
    const ended = await sdk.stream('emulate: slow-stream', stop, controller.signal).then(
      () => 'returns',
      (error: Error) => (/abort/i.test(`${error.name} ${error.message}`) ? 'throws' : error),
    )
    expect(ended).toBe(whenAborted)
    const seen = house.emulator.seen.at(-1)
    await seen?.ended
    expect(seen?.abandonedAfterMs).toBeLessThan(3000)
    await expect.poll(() => house.ledger.entries.at(-1)?.finish).toBe('client_closed')
  })
})

/** What Postern's fetch threw, as it is or in an error of the SDK's. */
function brokenOff(error: Error): PosternStreamError {
  const thrown = error instanceof PosternStreamError ? error : error.cause
  expect(thrown).toBeInstanceOf(PosternStreamError)
  return thrown as PosternStreamError
}
