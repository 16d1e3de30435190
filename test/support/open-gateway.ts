import type { ConfigInput } from '@postern/config'
import { afterAll, beforeAll, describe } from 'vitest'
import { doorNames, type House, openHouse } from './house.js'
import { type RecordingUpstream, startRecordingUpstream } from './recording-upstream.js'

/**
 * The result of a request: its status, the code and parameter of its refusal, and how many requests reached the
 * gateway.
 */
export type Asked = readonly [status: number, code: string | undefined, sent: number, ...param: (string | null)[]]

export interface OpenGateway {
  readonly house: House
  readonly upstream: RecordingUpstream
  ask(method: string, path: string, body?: object | string, init?: AskInit): Promise<Asked>
}

export interface AskInit {
  /** Default: the credential of `acme`. */
  readonly credential?: string
  /** Default `application/json`, if there is a body. */
  readonly type?: string
}

export interface OpenGatewayOptions {
  readonly settings?: Partial<ConfigInput['gateways'][string]>
  readonly config?: Partial<ConfigInput>
}

/** Runs the same tests behind each door, in front of a gateway of the dialect `openai` that accepts everything. */
export function forAnOpenGateway({ settings, config }: OpenGatewayOptions, tests: (open: () => OpenGateway) => void): void {
  describe.each(doorNames)('behind the %s door', (door) => {
    let open: OpenGateway
    beforeAll(async () => {
      const upstream = await startRecordingUpstream()
      const gateways: ConfigInput['gateways'] = { main: { dialect: 'openai', baseURL: upstream.baseURL, ...settings } }
      const house = await openHouse({ door, config: { gateways, ...config } })
      open = { house, upstream, ask: (...question) => ask(house, upstream, ...question) }
    })
    afterAll(async () => {
      await open.house.close()
      await open.upstream.close()
    })
    tests(() => open)
  })
}

async function ask(
  house: House,
  upstream: RecordingUpstream,
  method: string,
  path: string,
  body?: object | string,
  { credential = house.callers.acme, type = 'application/json' }: AskInit = {},
): Promise<Asked> {
  const before = upstream.seen.length
  const answer = await fetch(`${house.baseURL}/${path}`, {
    method,
    headers: { authorization: `Bearer ${credential}`, ...(body === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await answer.text()
  const { error } = (text === '' ? {} : JSON.parse(text)) as { error?: { code: string; param: string | null } }
  return [answer.status, error?.code, upstream.seen.length - before, ...(error === undefined ? [] : [error.param])]
}
