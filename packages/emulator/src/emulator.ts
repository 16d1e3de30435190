import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { EmulatedGateway } from './emulated-gateway.js'
import type { EmulatorOptions } from './emulator-options.js'
import { EmulatedCall } from './emulated-call.js'
import type { GatewayBehaviour } from './gateway-behaviour.js'
import { behaviourOf } from './gateways.js'
import { parseJson } from './json-value.js'
import { receiveBody } from './receive-body.js'
import { seeRequest, type SeenRequest } from './seen-request.js'

/** A running emulator of one gateway. */
export interface Emulator {
  readonly gateway: EmulatedGateway
  readonly origin: string
  /** The base URL for clients. */
  readonly baseURL: string
  /** Every request so far, oldest first. */
  readonly seen: SeenRequest[]
  /** Stops listening and closes every connection. */
  close(): Promise<void>
}

/** Starts an emulator. Rejects with a `TypeError` if a key does not have the form of the gateway's keys. */
export async function startEmulator(gateway: EmulatedGateway, options: EmulatorOptions): Promise<Emulator> {
  const behaviour = behaviourOf(gateway, options)
  requireKeyForm(gateway, behaviour, options)
  const seen: SeenRequest[] = []
  const open = new Set<EmulatedCall>()

  const server = createServer((request, response) => {
    const record = seeRequest(request, response, secretsOf(options))
    const exchange = new EmulatedCall(request, response, record, options, seen.push(record))
    open.add(exchange)
    response.once('close', () => open.delete(exchange))
    serve(request, response, exchange, behaviour).catch((error: unknown) => response.destroy(error as Error))
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve)
  })
  const { address, family, port } = server.address() as AddressInfo
  const origin = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`

  return {
    gateway,
    origin,
    baseURL: origin + behaviour.basePath,
    seen,
    close: () =>
      new Promise<void>((resolve) => {
        for (const exchange of open) exchange.forgive()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function serve(request: IncomingMessage, response: ServerResponse, exchange: EmulatedCall, behaviour: GatewayBehaviour) {
  const body = await receiveBody(request)
  if (body === undefined) return void response.destroy()
  exchange.seen.body = body
  const json = parseJson(body.toString('utf8'))
  if (json !== undefined) exchange.seen.json = json
  if (exchange.path === '/stolen') return exchange.sendJson(200, { stolen: true })
  await behaviour.handle(exchange)
}

/** A key that the gateway would never issue is a mistake in the set-up: fail here, not with a 401 later. */
function requireKeyForm(gateway: EmulatedGateway, { keyForm, keyWords }: GatewayBehaviour, { keys }: EmulatorOptions) {
  const odd = keyForm === undefined ? -1 : keys.findIndex(({ secret }) => !keyForm.test(secret))
  if (odd !== -1) throw new TypeError(`keys[${odd}] is not a key of ${gateway}: its keys are ${keyWords}`)
}

function secretsOf({ keys }: EmulatorOptions): string[] {
  return keys.flatMap(({ secret, providerSecret }) => (providerSecret === undefined ? [secret] : [secret, providerSecret]))
}
