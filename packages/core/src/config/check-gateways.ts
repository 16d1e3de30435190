import type { Dialect, Dialects } from '@postern/gateways'
import { isThisMachine } from './is-this-machine.js'
import type { Parts } from './parts.js'
import { type Problem, problem } from './problem.js'

/** Is the address of every gateway one that a key may be sent to? */
export function checkGateways(parts: Parts, dialects: Dialects, problems: Problem[]): void {
  for (const { path, part } of parts.gateways.values()) {
    const dialect = dialects[part.dialect] as Dialect
    if (part.baseURL === undefined) {
      if (dialect.baseURL === undefined)
        problems.push(problem(`${path}.baseURL`, `is missing; ${dialect.id} has no default.`, 'Write the address of the API, with /v1.'))
      continue
    }
    const url = new URL(part.baseURL)
    if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
      problems.push(
        problem(
          `${path}.baseURL`,
          'holds more than scheme, host and path.',
          'Leave out user, password, query and fragment; keys belong under "keys".',
        ),
      )
    }
    if (url.protocol === 'http:' && !isThisMachine(url.hostname)) {
      problems.push({
        ...problem(
          `${path}.baseURL`,
          'sends the gateway key over plain http.',
          'Write https, unless the network in between is yours alone.',
        ),
        severity: 'warning',
      })
    }
  }
}
