import { REJECTED_KEY } from './answer-question.js'
import type { EmulatedGateway } from './emulated-gateway.js'
import { behaviourOf } from './gateways.js'
import { TRANSPORT_CASES } from './transport-case.js'

/** A situation that can be asked for. */
export interface EmulatedCase {
  name: string
  summary: string
  /** How to ask for it: this model … */
  model: string
  /** … or this as the last user message. */
  prompt: string
  /** The status it is answered with; 0 where nothing is answered. */
  status: number
}

/** Every case of a gateway: its error table first, then its own peculiarities, then what any server can do. */
export function emulatedCases(gateway: EmulatedGateway): readonly EmulatedCase[] {
  const behaviour = behaviourOf(gateway, { keys: [] })
  const rejected = behaviour.refusals[behaviour.refusedStates.revoked]
  const listed = (name: string, summary: string, status: number): EmulatedCase => ({
    name,
    summary,
    model: `emulate/${name}`,
    prompt: `emulate: ${name}`,
    status,
  })
  return [
    ...Object.entries(behaviour.refusals).map(([name, { summary, status }]) => listed(name, summary, status)),
    listed(REJECTED_KEY, 'as if the key had been revoked', rejected?.status ?? 401),
    ...Object.entries(behaviour.variants).map(([name, { summary }]) => listed(name, summary, 200)),
    ...Object.entries(TRANSPORT_CASES).map(([name, { summary, status }]) => listed(name, summary, status)),
  ]
}
