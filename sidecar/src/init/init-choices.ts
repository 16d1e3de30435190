import type { DialectId } from '@postern/gateways'

/** How the first callers of a new configuration prove who they are. */
export const waysOfCalling = ['service', 'session', 'cookie'] as const

export type WayOfCalling = (typeof waysOfCalling)[number]

/** What a new configuration is made from. */
export interface InitChoices {
  /** Which gateway it is. */
  readonly dialect: DialectId
  /** The URL of the gateway's API, `/v1` included. `undefined`: the default of the dialect. */
  readonly baseURL: string | undefined
  /** The team that the gateway key is for. */
  readonly team: string
  readonly callers: WayOfCalling
  /** For `cookie`: the URL at which the backend says to which user a cookie belongs. */
  readonly cookieOwner: string
  /** The port of the data listener. */
  readonly port: number
  /** Whether the gateway is one that `postern emulate` runs on this machine, with a key that is made up. */
  readonly emulated: boolean
}
