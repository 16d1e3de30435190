import { REJECTED_KEY } from './answer-question.js'
import type { EmulatedGateway } from './emulated-gateway.js'
import { behaviourOf } from './gateways.js'
import { TRANSPORT_CASES } from './transport-case.js'

/** A case that a request can ask for. */
export interface EmulatedCase {
  name: string
  summary: string
  /** A request with this model asks for it. */
  model: string
  /** A request with this last user message asks for it. */
  prompt: string
  /** The status of the answer; 0 if there is no answer. */
  status: number
}

/** Every case of a gateway: first its error table, then its own peculiarities, then the faults of any server. */
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
