import type { EmulatedKey, EmulatedKeyState } from './emulated-key.js'
import type { EmulatedCall } from './emulated-call.js'
import type { Refusals } from './refusal.js'

/** A case of one gateway that is not in its error table. */
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
  /** The name of the refusal for a key in each state. */
  readonly refusedStates: Readonly<Record<Exclude<EmulatedKeyState, 'active'>, string>>
  /** The body of a refusal whose message repeats `secret`. */
  repeatSecret(secret: string): unknown
  /** The documented form of its keys, if the gateway insists on it. */
  readonly keyForm?: RegExp
  /** That form in words: `sk-ony- and 48 hexadecimal digits`. */
  readonly keyWords?: string
  /** Answers one request whose body has arrived. */
  handle(exchange: EmulatedCall): Promise<void>
}

/** Returns the name of the refusal for a call with `key`; `undefined` if the call may go on. */
export function refusalForState(behaviour: GatewayBehaviour, key: EmulatedKey): string | undefined {
  return key.state === undefined || key.state === 'active' ? undefined : behaviour.refusedStates[key.state]
}
