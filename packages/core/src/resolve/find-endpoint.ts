import { type Endpoint, endpointsOf, type FoundEndpoint, isBelow, isHoldersPath, namesCallerObject } from '@postern/gateways'
import { Refusal } from '@postern/ports'
import type { EndpointPath } from './read-endpoint-path.js'
import type { Gateway } from './route.js'

/** The endpoint of a path and method, and the model in the path. */
export interface ChosenEndpoint {
  readonly endpoint: Endpoint
  readonly modelInPath: string | undefined
}

/**
 * Finds the endpoint of a request. A path that neither the dialect lists nor the operator opened is refused: Postern does
 * not know its rules, such as where its model is.
 *
 * @throws {Refusal} 403 `endpoint_not_allowed`, 404 `not_found`, 405 `method_not_allowed`.
 */
export function findEndpoint(gateway: Gateway, method: string, { written, read }: EndpointPath): ChosenEndpoint {
  const found = gateway.endpoints.find(written)
  // `createEndpointTable` has checked the paths without a parameter.
  if (found === undefined || (found.hasParameter && isHoldersPath(read))) throw closed(gateway, read)
  if (read === written) return { endpoint: ofMethod(found, method), modelInPath: found.model }
  if (mayBeAnother(gateway, written, read, found)) throw closed(gateway, read)
  return { endpoint: ofMethod(found, method), modelInPath: found.model === undefined ? undefined : decodeURIComponent(found.model) }
}

/**
 * Whether a server that decodes escapes before it routes could find another endpoint than `found`, as with
 * `threads/x%2Fruns`, which it would read as the runs of a thread.
 */
function mayBeAnother({ dialect, endpoints }: Gateway, written: string, read: string, found: FoundEndpoint): boolean {
  if (isBelow(dialect.operatorPaths, read) || endpoints.holdsName(written)) return true
  const asRead = endpoints.find(read)
  return asRead === undefined ? endpoints.isOtherSpelling(read) : asRead.endpoints !== found.endpoints
}

function closed({ dialect, endpoints }: Gateway, path: string): Refusal {
  if (isHoldersPath(path)) return new Refusal('endpoint_not_allowed', holders)
  if (isBelow(dialect.operatorPaths, path)) return new Refusal('endpoint_not_allowed', operators)
  // Below the path of a caller's stored object, and anywhere at a `closed` dialect, answer 404 and not 403: a caller must not
  // learn that an object of another caller exists.
  const mayBeObject = dialect.closed === true || isBelow(pathsOfObjects(dialect.endpoints), path)
  return new Refusal(mayBeObject || endpoints.isOtherSpelling(path) ? 'not_found' : 'endpoint_not_allowed', whyUnlisted(path))
}

const holders = {
  message:
    'This endpoint mints credentials or connections, or administers the account. Postern lets no caller use it with the gateway key.',
  help: 'It is Postern’s own rule, and no setting changes it. Whoever holds the account calls the provider without Postern.',
} as const

const operators = {
  message: 'This endpoint belongs to whoever runs the gateway or holds the account. Postern lets no caller use it with the gateway key.',
  help: 'It is Postern’s own rule, and no setting changes it. Whoever holds the account calls the gateway without Postern.',
} as const

const unlisted = {
  message: 'Postern knows no such endpoint of this gateway, spelled like this.',
  help: 'For the operator: it is opened under "gateways.<name>.endpoints", with its methods, its format and where its model stands.',
} as const

function whyUnlisted(path: string): typeof unlisted | typeof twice | typeof withParameters {
  if (path.includes(';')) return withParameters
  return isTwice(path) ? twice : unlisted
}

/** Some servers end a segment at `;`, so it matches no parameter of a path. */
const withParameters = {
  message: 'Postern takes no semicolon in a path: what stands behind it, some servers do not read.',
  help: 'Write the id without it; an id with a semicolon cannot be asked for here.',
} as const

/** Some clients add `/v1` to a base URL that ends in `/v1` already. */
function isTwice(path: string): boolean {
  return path === 'v1' || path.startsWith('v1/')
}

const twice = {
  message: 'Postern knows no such endpoint of this gateway: "/v1" stands twice in the path.',
  help: 'Write it once: a client that adds "/v1" itself gets a base URL without it.',
} as const

/** The paths that precede the ids of stored objects that belong to callers. */
function pathsOfObjects(endpoints: Gateway['dialect']['endpoints']): string[] {
  return Object.entries(endpoints).flatMap(([path, entry]) =>
    endpointsOf(entry).some(namesCallerObject) ? [path.slice(0, path.lastIndexOf('/'))] : [],
  )
}

function ofMethod({ endpoints }: FoundEndpoint, method: string): Endpoint {
  const wanted = method === 'HEAD' ? 'GET' : method
  for (const endpoint of endpoints) if (endpoint.methods.includes(method) || endpoint.methods.includes(wanted)) return endpoint
  throw new Refusal('method_not_allowed', { headers: ['Allow', endpoints.flatMap(({ methods }) => methods).join(', ')] })
}
