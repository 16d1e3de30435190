import { callerObject, type Endpoint } from '@postern/gateways'
import { type Arrival, type Principal, Refusal } from '@postern/ports'
import type { OpenObject } from '../objects/open-object.js'
import { refuseAccountObject } from '../objects/refuse-account-object.js'
import type { FindKey } from './find-key.js'
import { noKeyFor } from './no-key-for.js'
import { findEndpoint } from './find-endpoint.js'
import { readEndpointPath } from './read-endpoint-path.js'
import type { Gateway, Route } from './route.js'

/** The parts of a request that decide; `explain` has no `wholePath`. */
type Asked = Pick<Arrival, 'method' | 'path' | 'query'> & Partial<Pick<Arrival, 'wholePath'>>

/**
 * Chooses the gateway and the key of a request, by what its principal's credential vouches for: user, team, project, service label, workflow.
 *
 * @throws {Refusal} 403 `no_key_for_caller`, 403 `endpoint_not_allowed`, 404 `not_found`, 405 `method_not_allowed`, 503 `key_unavailable`.
 */
export type Resolve = (arrival: Asked, principal: Principal) => Route

export function createResolve(findKey: FindKey, openObject: OpenObject): Resolve {
  return (arrival, principal) => {
    const asked = readEndpointPath(arrival)
    if (!plainQuery.test(arrival.query))
      throw new Refusal('request_malformed', { message: 'The query string holds characters that a URL does not.' })
    const bound = findKey(principal)
    if (bound === undefined) throw noKeyFor(principal)
    const { key, binding } = bound
    if (neverForwarded.has(arrival.method)) throw new Refusal('method_not_allowed', { headers: ['Allow', apiMethods] })
    const { endpoint, modelInPath } = findEndpoint(key.gateway, arrival.method, asked)
    refuseAccountObject(endpoint, key)
    const stored = callerObject(endpoint)
    const object = stored === undefined ? undefined : openObject(key, principal, stored, asked.written)
    return {
      gateway: key.gateway,
      key,
      binding,
      endpointPath: object?.path ?? asked.read,
      upstreamPath: upstreamPath(key.gateway, endpoint, object?.path ?? asked.written),
      endpoint,
      modelInPath,
      tenant: key.gateway.addressLimit === undefined ? '' : tenantOf(principal),
      object,
    }
  }
}

function tenantOf({ team, project, user, caller }: Principal): string {
  if (team !== undefined) return `team ${team}`
  if (project !== undefined) return `project ${project}`
  return user === undefined ? `caller ${caller}` : `user ${user}`
}

function upstreamPath({ basePath, rootPath }: Gateway, { path }: Endpoint, endpointPath: string): string {
  if (path === undefined) return `${basePath}/${endpointPath}`
  if (rootPath === undefined) throw new Refusal('not_found', { message: 'Where this lies is not known under the base URL of the gateway.' })
  return rootPath + path
}

/** RFC 3986, `query`, and the brackets that people use for arrays. */
const plainQuery = /^[A-Za-z0-9\-._~!$&'()*+,;=:@/?%[\]]*$/

/** Methods that no endpoint has: they get 405. `apiMethods` is the `Allow` of that answer. */
const neverForwarded = new Set(['TRACE', 'CONNECT', 'TRACK'])
const apiMethods = 'GET, POST, PUT, PATCH, DELETE'
