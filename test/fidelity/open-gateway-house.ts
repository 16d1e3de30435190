import type { ConfigInput } from '@postern/config'
import { type DoorName, type House, openHouse } from '../support/house.js'

export interface GatewayHouseOptions {
  readonly door: DoorName
  /** Of the upstream, `/v1` included. */
  readonly baseURL: string
  readonly endpoints: NonNullable<ConfigInput['gateways'][string]['endpoints']>
}

/** Postern in front of an upstream of the dialect `openai`, with everything open that an operator can open. */
export function openGatewayHouse({ door, baseURL, endpoints }: GatewayHouseOptions): Promise<House> {
  return openHouse({
    door,
    config: {
      // What Postern asks for beside the client, and takes out again, test/integration/usage-of-streams holds byte for byte.
      gateways: { main: { dialect: 'openai', baseURL, endpoints, attempts: 1, streamUsage: 'leave' } },
      keys: {
        acme: { gateway: 'main', secret: { env: 'ACME' }, shared: true },
        globex: { gateway: 'main', secret: { env: 'GLOBEX' }, shared: true },
      },
    },
  })
}
