import { emulatedCases, EMULATED_GATEWAYS, type EmulatedGateway } from '@postern/emulator'
import { errorCodes, parseGovernance } from '@postern/protocol'
import { createServer, type Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { listenAnywhere, openHouse } from '../support/house.js'

/** Where Postern's answer differs from the rule below: what the gateway's documentation says that the status alone does not. */
const meanings: Readonly<Record<EmulatedGateway, Readonly<Record<string, readonly [status: number, code: string]>>>> = {
  joytoken: {
    invalid_api_key: [502, 'gateway_key_rejected'],
    gateway_key_rejected: [502, 'gateway_key_rejected'],
    'error-in-200': [502, 'gateway_failed'],
    'metadata-array': [200, ''],
    'metadata-first': [200, ''],
    'metadata-with-choices': [200, ''],
    'without-metadata': [200, ''],
    failover: [200, ''],
    orchestration: [200, ''],
  },
  opentoken: {
    spend_limit_exceeded: [402, 'gateway_out_of_credit'],
    vertex_auth_failed: [502, 'gateway_failed'],
  },
  freeai: { degraded: [200, ''], provider_quota_exhausted: [402, 'gateway_out_of_credit'] },
  onysoft: {
    daily_token_limit_exceeded: [402, 'gateway_out_of_credit'],
    monthly_token_limit_exceeded: [402, 'gateway_out_of_credit'],
    daily_request_limit_exceeded: [402, 'gateway_out_of_credit'],
    free_model_rate_limit: [402, 'gateway_out_of_credit'],
  },
  mintoken: {
    missing_provider_key: [502, 'gateway_key_rejected'],
    token_quota_exceeded: [402, 'gateway_out_of_credit'],
    'intensity-none': [200, ''],
    'near-limit': [200, ''],
  },
}

/** What any server can do, and what becomes of it. */
const transport: Readonly<Record<string, readonly [status: number, code: string]>> = {
  hang: [504, 'gateway_timeout'],
  'cut-stream': [502, 'gateway_failed'],
  'hang-stream': [504, 'gateway_timeout'],
  html: [502, 'gateway_answer_invalid'],
  redirect: [502, 'gateway_answer_invalid'],
  'echo-key': [502, 'gateway_answer_invalid'],
  'echo-key-split': [502, 'gateway_answer_invalid'],
  'echo-key-error': [400, ''],
  'not-json': [502, 'gateway_answer_invalid'],
}

/** The rule: the caller's mistakes keep the gateway's status; everything else gets the status of its code. */
function meaningOf(gateway: EmulatedGateway, name: string, status: number): readonly [status: number, code: string] {
  const known = meanings[gateway][name] ?? transport[name]
  if (known !== undefined) return known
  if (status === 401) return [502, 'gateway_key_rejected']
  if (status === 402) return [402, 'gateway_out_of_credit']
  if (status === 403) return [403, 'gateway_policy_refused']
  if (status === 429) return [429, 'gateway_rate_limited']
  if (status === 503 || status === 529) return [503, 'gateway_unavailable']
  if (status === 504) return [504, 'gateway_timeout']
  if (status >= 500) return [502, 'gateway_failed']
  return [status, '']
}

const slow = new Set(['slow-stream'])

// Most of their time passes in silence, so they pass it beside each other: each gateway and door has a house of its own.
describe.concurrent.each(EMULATED_GATEWAYS)('an error of %s', (gateway) => {
  forEachDoor({ gateway, timeouts: { headers: '1s', idle: '1s' }, settings: { attempts: 1 } }, (house) => {
    const cases = emulatedCases(gateway).filter(({ name }) => !slow.has(name))
    test.sequential.each(
      cases.map(({ name, model, status }) => [name, ...meaningOf(gateway, name, status), model, status === 200] as const),
    )('%s becomes %i %s', async (_, status, code, model, began) => {
      const before = house().emulator.seen.length
      const answer = await house().chat({ body: { model } })
      const body = (await answer.json()) as { error?: { code: string; message: string; type: string; param: unknown } }
      expect([answer.status, body.error?.code]).toEqual([status, code === '' ? body.error?.code : code])
      expect(house().emulator.seen.length - before).toBe(1)
      const record = parseGovernance(answer.headers.get('postern-governance'))
      expect(record).toMatchObject({ request_id: answer.headers.get('x-request-id'), attempt: 1, key: 'acme', model_requested: model })
      if (status === 200) return

      expect(Object.keys(body.error ?? {})).toEqual(['message', 'type', 'code', 'param'])
      expect(body.error?.message.length).toBeGreaterThan(5)
      expect(record?.finish).toBe('upstream_error')
      expect(answer.headers.get('postern-refusal')).toBeNull()
      // What began with a status of success ran: nobody is told to repeat it.
      const mayHelp = !began && code in errorCodes && errorCodes[code as keyof typeof errorCodes].retryable
      expect(answer.headers.get('x-should-retry')).toBe(mayHelp ? null : 'false')
      if (status === 429) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(house().ledger.entries.at(-1)).toMatchObject({ status, finish: 'upstream_error' })
    })
  })
})

describe('a gateway that is not there', () => {
  const refused = async (baseURL: string, timeouts = {}) => {
    const house = await openHouse({ baseURL, timeouts })
    try {
      const answer = await house.chat()
      const { error } = (await answer.json()) as { error: { code: string } }
      return { status: answer.status, code: error.code, entry: house.ledger.entries.at(-1) }
    } finally {
      await house.close()
    }
  }

  /** What becomes of a call to a server that does this with every connection. */
  const refusedBy = async (listener: (socket: Socket) => void, timeouts = {}) => {
    const server = createServer(listener)
    const origin = await listenAnywhere(server)
    try {
      return await refused(`${origin}/v1`, timeouts)
    } finally {
      server.close()
    }
  }

  test('is 503 gateway_unavailable where nobody listens', async () => {
    const server = createServer()
    const origin = await listenAnywhere(server)
    await new Promise((closed) => server.close(closed))
    const entry = { cause: expect.stringContaining('ECONNREFUSED') }
    expect(await refused(`${origin}/v1`)).toMatchObject({ status: 503, code: 'gateway_unavailable', entry })
  })

  test('is 503 gateway_unavailable where the name does not resolve', async () => {
    // A label of 64 characters is no name, so that nobody outside is asked for it.
    expect(await refused(`https://${'a'.repeat(64)}.invalid/v1`)).toMatchObject({ status: 503, code: 'gateway_unavailable' })
  })

  test('is 502 gateway_failed where it hangs up before it answers', async () => {
    const answer = refusedBy((socket) => socket.once('data', () => socket.destroy()))
    expect(await answer).toMatchObject({ status: 502, code: 'gateway_failed' })
  })

  test('is 502 gateway_failed where what it speaks is not HTTP', async () => {
    const answer = refusedBy((socket) => socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.2\r\n')))
    expect(await answer).toMatchObject({ status: 502, code: 'gateway_failed' })
  })

  test('is 504 gateway_timeout where it takes the connection and never answers', async () => {
    const answer = refusedBy((socket) => socket.resume(), { headers: '200ms' })
    expect(await answer).toMatchObject({ status: 504, code: 'gateway_timeout' })
  })
})
