import { callersChoice, type Choice, type Dialect } from '@postern/gateways'
import { type Arrival, Refusal } from '@postern/ports'
import { lenientParameterName, readingsOf } from '../lib/query-names.js'
import type { Permit } from './permit.js'
import type { Policy } from './policies.js'

/**
 * Decides the options that a gateway offers per request. The policy gives a value, or `caller` to let the caller choose, or
 * nothing: then the gateway's default applies. The client's own header is never passed on, and its query parameter is
 * removed.
 *
 * @throws {Refusal} 400 `request_malformed` if a caller that may choose sends a value that the gateway does not have.
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

/** Removes the options from the query. The other parameters keep their spelling. */
function queryWithout(query: string, choices: Readonly<Record<string, Choice>>): string {
  const dropped = new Set(Object.values(choices).map(({ query: parameter }) => parameter?.toLowerCase()))
  const kept = query
    .slice(1)
    .split('&')
    .filter((pair) => !pair.split(';').some((part) => readingsOf(part).some((reading) => dropped.has(lenientParameterName(reading)))))
  return kept.length === 0 ? '' : `?${kept.join('&')}`
}
