import type { Dialect, Dialects } from '@postern/gateways'
import { checkDialect } from './check-dialect.js'
import { isLoopback } from './is-loopback.js'
import type { Parts } from './lenient-sections.js'
import { type Problem, problem, warning } from './problem.js'

/** Checks the dialect of every gateway, and that a key may be sent to its `baseURL`. */
export function checkGateways(parts: Parts, dialects: Dialects, problems: Problem[]): void {
  for (const { path, part } of parts.gateways.values()) {
    const dialect = dialects[part.dialect] as Dialect
    checkDialect(`${path}.dialect`, dialect, problems)
    if (part.baseURL === undefined) {
      if (dialect.baseURL === undefined)
        problems.push(problem(`${path}.baseURL`, `is missing; ${dialect.id} has no default.`, 'Write the address of the API, with /v1.'))
      continue
    }
    warnOfPath(`${path}.baseURL`, new URL(part.baseURL), dialect, problems)
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
    if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
      problems.push(
        warning(`${path}.baseURL`, 'sends the gateway key over plain http.', 'Write https, unless the network in between is yours alone.'),
      )
    }
  }
}

/** A base URL with one of these endings was probably copied from an example in the gateway's documents. */
const copied = /\/((?:chat\/)?completions|responses|messages|embeddings|generateContent)\/?$/

/** A version that was added to a base URL that had it already. */
const doubled = /\/(v\d+)\/\1\/?$/

/** A path that names no place of its own, so it is not the prefix of an operator's own proxy. */
const bare = /^(?:\/v\d+)?$/

function withoutSlash(pathname: string): string {
  return pathname.replace(/\/$/, '')
}

/** Warns of a base URL with a wrong path. Endpoints are appended to it, so a wrong path makes every call a 404. */
function warnOfPath(path: string, { origin, pathname, hostname }: URL, { id, baseURL, title }: Dialect, problems: Problem[]): void {
  const endpoint = copied.exec(pathname)
  if (endpoint !== null) {
    const before = `${origin}${pathname.slice(0, endpoint.index)}`
    problems.push(warning(path, `ends in the endpoint ${endpoint[1]}.`, `Write what stands before it: ${before}.`))
  } else if (doubled.test(pathname)) {
    problems.push(warning(path, 'names its version twice.', `Write ${origin}${pathname.replace(doubled, '/$1')}.`))
  } else if (id === 'openai' && !/\/v\d/.test(pathname)) {
    const whole = `${origin}${pathname.replace(/\/$/, '')}/v1`
    problems.push(warning(path, 'does not end in /v1.', `Write ${whole}, unless the gateway’s documents have its API elsewhere.`))
  } else if (baseURL !== undefined) {
    const usual = new URL(baseURL)
    const own = withoutSlash(pathname)
    const isElsewhere = own !== withoutSlash(usual.pathname) && (hostname === usual.hostname || bare.test(own))
    const fix = `Write ${origin}${usual.pathname}, unless the gateway’s documents have its API elsewhere.`
    if (isElsewhere) problems.push(warning(path, `does not end in ${usual.pathname}, as the API of ${title} does.`, fix))
  }
}
