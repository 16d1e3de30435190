import type { RequestListener } from 'node:http'
import type { ConfigInput } from '@postern/config'
import { afterAll, beforeAll, describe } from 'vitest'
import { type HostileUpstream, startHostileUpstream } from './hostile-upstream.js'
import { doorNames, type House, openHouse } from './house.js'

/** A house in front of a gateway of the dialect `openai`, whose answers the test sets. */
export interface AnsweringGateway {
  readonly house: House
  readonly upstream: HostileUpstream
  /** Sets how the gateway answers from now on. */
  answer(listener: RequestListener): void
  /** Calls the gateway through the house, as the caller `acme`. */
  call(method: string, path: string, body?: unknown): Promise<Response>
}

/** Runs the same tests behind each door, in front of such a gateway. */
export function forAnAnsweringGateway(
  settings: Partial<ConfigInput['gateways'][string]>,
  tests: (open: () => AnsweringGateway) => void,
  config: Partial<ConfigInput> = {},
): void {
  describe.each(doorNames)('behind the %s door', (door) => {
    let open: AnsweringGateway
    beforeAll(async () => {
      let play: RequestListener = (_, response) => response.end()
      const upstream = await startHostileUpstream((request, response) => play(request, response))
      const gateways: ConfigInput['gateways'] = { main: { dialect: 'openai', baseURL: upstream.baseURL, ...settings } }
      const house = await openHouse({ door, config: { gateways, ...config } })
      open = {
        house,
        upstream,
        answer: (listener) => (play = listener),
        call: (method, path, body) =>
          fetch(`${house.baseURL}/${path}`, {
            method,
            headers: {
              authorization: `Bearer ${house.callers.acme}`,
              ...(body === undefined ? {} : { 'content-type': 'application/json' }),
            },
            ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          }),
      }
    })
    afterAll(async () => {
      await open.house.close()
      await open.upstream.close()
    })
    tests(() => open)
  })
}

/** Answers with these bytes and this `Content-Type`; no header, if the type is empty. */
export function saying(body: string | Buffer, type = 'application/json', status = 200, headers: object = {}): RequestListener {
  return (_, response) => response.writeHead(status, { ...(type === '' ? {} : { 'content-type': type }), ...headers }).end(body)
}
