import type { EmulatedGateway } from './emulated-gateway.js'
import type { EmulatorOptions } from './emulator-options.js'
import type { GatewayBehaviour } from './gateway-behaviour.js'
import { FreeAi } from './gateways/freeai.js'
import { JoyToken } from './gateways/joytoken.js'
import { Mintoken } from './gateways/mintoken.js'
import { Onysoft } from './gateways/onysoft.js'
import { OpenToken } from './gateways/opentoken.js'

const BEHAVIOURS = { joytoken: JoyToken, opentoken: OpenToken, freeai: FreeAi, onysoft: Onysoft, mintoken: Mintoken }

/** One gateway, ready to answer, with a memory of its own. */
export function behaviourOf(gateway: EmulatedGateway, options: EmulatorOptions): GatewayBehaviour {
  return new BEHAVIOURS[gateway](options)
}

/** The form of a gateway's keys. */
export interface KeyForm {
  readonly pattern: RegExp
  /** The same in words: `sk-ony- and 48 hexadecimal digits`. */
  readonly words: string
}

/** The form that a gateway documents for its keys; `undefined` where it documents none. */
export function keyFormOf(gateway: EmulatedGateway): KeyForm | undefined {
  const { keyForm: pattern, keyWords: words } = behaviourOf(gateway, { keys: [] })
  return pattern === undefined || words === undefined ? undefined : { pattern, words }
}
