import { type Endpoint, findEndpoint } from '@postern/gateways'
import type { Arrival } from '../arrival.js'
import type { Principal } from '../principal.js'
import { Refusal } from '../refusal.js'
import type { FindKey } from './bindings.js'
import { readEndpointPath } from './read-endpoint-path.js'
import type { Route } from './route.js'

/**
 * Says which gateway and key a request gets, by user, team or project.
 *
 * @throws {Refusal} 403 `no_key_for_caller`, 403 `endpoint_not_allowed`, 404 `not_found`, 405 `method_not_allowed`.
 */
export type Resolve = (arrival: Pick<Arrival, 'method' | 'path' | 'query'>, principal: Principal) => Route

export function createResolve(findKey: FindKey): Resolve {
  return (arrival, principal) => {
    const endpointPath = readEndpointPath(arrival.path)
    if (!plainQuery.test(arrival.query))
      throw new Refusal('request_malformed', { message: 'The query string holds characters that a URL does not.' })
    const bound = findKey(principal)
    if (bound === undefined) throw new Refusal('no_key_for_caller')
    const { key, binding } = bound
    const { dialect } = key.gateway
    if (isOperatorPath(dialect.operatorPaths, endpointPath)) throw new Refusal('endpoint_not_allowed')
    const endpoint = findEndpoint(dialect, endpointPath)
    refuseWrongMethod(arrival.method, endpoint)
    return { gateway: key.gateway, key, binding, endpointPath, endpoint }
  }
}

/** RFC 3986, `query`, and the brackets that people use for arrays. */
const plainQuery = /^[A-Za-z0-9\-._~!$&'()*+,;=:@/?%[\]]*$/

/** Endpoints for whoever runs the gateway or owns the account; a caller has no business there with our key. */
function isOperatorPath(operatorPaths: readonly string[], path: string): boolean {
  if (operatorPaths.length === 0) return false
  const [first = ''] = path.split(/[/;]/, 1)
  return operatorPaths.includes(first.toLowerCase())
}

/** Methods that no API endpoint has. */
const neverForwarded = new Set(['TRACE', 'CONNECT', 'TRACK'])

function refuseWrongMethod(method: string, { methods }: Endpoint): void {
  const allowed =
    methods.length === 0 ? !neverForwarded.has(method) : methods.includes(method) || (method === 'HEAD' && methods.includes('GET'))
  if (allowed) return
  throw new Refusal('method_not_allowed', {
    headers: ['Allow', methods.length === 0 ? 'GET, POST, PUT, PATCH, DELETE' : methods.join(', ')],
  })
}
