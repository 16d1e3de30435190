import type { Choice, Dialect } from '@postern/gateways'
import type { Arrival } from '../arrival.js'
import { looseName, readingsOf } from '../lib/query-names.js'
import { Refusal } from '../refusal.js'
import type { Permit } from './permit.js'
import type { Policy } from './policies.js'

/** What a policy writes where the caller may choose. */
export const callersChoice = 'caller'

/**
 * Decides what a gateway would let the client choose: policy says it, or leaves it to the caller, or says
 * nothing, and then the gateway's own default holds. A client's header is never passed on as it came, and its
 * query parameter goes.
 *
 * @throws {Refusal} 400 `request_malformed` where a caller who may choose chooses what there is not.
 */
export function decideChoices(
  { choices }: Pick<Dialect, 'choices'>,
  policy: Policy,
  arrival: Arrival,
): Pick<Permit, 'query' | 'headers'> | undefined {
  if (choices === undefined) return undefined
  const headers: string[] = []
  const query = new URLSearchParams(arrival.query)
  for (const [name, choice] of Object.entries(choices)) {
    const decided = policy.choices[name]
    const value = decided === callersChoice ? chosenBy(arrival, query, choice) : decided
    if (value !== undefined) headers.push(choice.header, value)
  }
  return { headers, query: arrival.query === '' ? '' : queryWithout(arrival.query, choices) }
}

function chosenBy({ headers }: Arrival, query: URLSearchParams, { header, query: parameter, values }: Choice): string | undefined {
  const inHeader = headers[header.toLowerCase()]
  const value = typeof inHeader === 'string' ? inHeader : parameter === undefined ? undefined : query.get(parameter)
  if (value === undefined || value === null || values.includes(value)) return value ?? undefined
  throw new Refusal('request_malformed', { message: `${header} is one of ${values.join(', ')}.`, param: header })
}

/** What is left of a query keeps the spelling it came in. */
function queryWithout(query: string, choices: Readonly<Record<string, Choice>>): string {
  const dropped = new Set(Object.values(choices).map(({ query: parameter }) => parameter?.toLowerCase()))
  const kept = query
    .slice(1)
    .split('&')
    .filter((pair) => !pair.split(';').some((part) => readingsOf(part).some((reading) => dropped.has(looseName(reading)))))
  return kept.length === 0 ? '' : `?${kept.join('&')}`
}
