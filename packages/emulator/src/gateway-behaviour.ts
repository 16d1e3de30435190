import type { EmulatedKey, EmulatedKeyState } from './emulated-key.js'
import type { Exchange } from './exchange.js'
import type { Refusals } from './refusal.js'

/** A case of one gateway that is not an error row. */
export interface Variant {
  summary: string
}

/** What sets one gateway apart from the others. */
export interface GatewayBehaviour {
  /** What a client's base URL ends in. */
  readonly basePath: string
  /** Its documented errors; each can be asked for by name. */
  readonly refusals: Refusals
  /** Its other peculiarities that can be asked for by name. */
  readonly variants: Readonly<Record<string, Variant>>
  /** Which refusal a key in each state meets. */
  readonly refusedStates: Readonly<Record<Exclude<EmulatedKeyState, 'active'>, string>>
  /** The refusal whose message repeats `secret`. */
  repeatSecret(secret: string): unknown
  /** The form its documents give for keys, where the gateway insists on it. */
  readonly keyForm?: RegExp
  /** Answers one request whose body is in. */
  handle(exchange: Exchange): Promise<void>
}

/** What becomes of a call made with `key`: the name of the refusal, or `undefined` when the call may go on. */
export function refusalForState(behaviour: GatewayBehaviour, key: EmulatedKey): string | undefined {
  return key.state === undefined || key.state === 'active' ? undefined : behaviour.refusedStates[key.state]
}
