import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { type AdminRole, adminRoles, type Config } from '@postern/config'
import { Refusal } from '@postern/ports'
import { missingCredential } from './missing-credential.js'

/** Who asks the admin API. */
export interface Operator {
  /** The credential's name; `admin` for `admin.secret`, `socket` for whoever opened a socket that asks for no credential. */
  readonly name: string
  readonly roles: readonly AdminRole[]
  /** The team whose data the operator may read; `undefined`: the data of all teams. */
  readonly team?: string | undefined
}

type Credentials = NonNullable<NonNullable<Config['admin']>['credentials']>

/** What an operator is known by. */
export interface OperatorAccess {
  /** `admin.credentials`. */
  readonly credentials: Credentials | undefined
  /** Whether a text is `admin.secret`, compared in constant time; `undefined` if there is none. */
  readonly isSecret: ((presented: string) => boolean) | undefined
  /** Whether the listener is a Unix socket, which only its owner can open. */
  readonly onSocket: boolean
}

/** The heads of a request that say who asks. */
export interface OperatorRequest {
  readonly headers: IncomingHttpHeaders
  readonly headersDistinct: NodeJS.Dict<string[]>
}

/** @throws {Refusal} if a page in a browser asks, or the credential is missing or unknown. */
export function identifyOperator({ headers, headersDistinct }: OperatorRequest, access: OperatorAccess): Operator {
  if (headers.origin !== undefined || headers['sec-fetch-site'] !== undefined)
    throw new Refusal('cross_site_refused', {
      message: 'The admin listener is for programs, not for pages.',
      ...(headers.origin === undefined ? {} : { refused: headers.origin }),
    })
  const { credentials, isSecret, onSocket } = access
  if (isSecret === undefined && credentials === undefined) {
    if (onSocket) return { name: 'socket', roles: adminRoles }
    throw new Refusal('caller_missing', {
      message: 'On a port, which every program of this machine can reach, the admin listener needs a secret to mint and revoke.',
      help: 'For the operator: write admin.secret or admin.credentials, or listen on a Unix socket.',
    })
  }
  const { authorization: [authorization = '', ...others] = [] } = headersDistinct
  if (others.length > 0)
    throw new Refusal('request_malformed', { message: 'There is more than one Authorization header.', param: 'Authorization' })
  const [, scheme = '', presented = ''] = /^(\S+) +(.*)$/.exec(authorization) ?? []
  if (presented === '') throw new Refusal('caller_missing', missingCredential)
  const found = scheme.toLowerCase() === 'bearer' ? findOperator(presented, access) : undefined
  if (found === undefined) throw new Refusal('caller_invalid', unknownCredential)
  return found
}

/** Looks at every credential, so that the time tells nothing of the one that fits. */
function findOperator(presented: string, { credentials = {}, isSecret }: OperatorAccess): Operator | undefined {
  let found: Operator | undefined = isSecret?.(presented) === true ? { name: 'admin', roles: adminRoles } : undefined
  const digest = createHash('sha256').update(presented).digest()
  for (const [name, { hash, roles, team }] of Object.entries(credentials))
    if (timingSafeEqual(Buffer.from(hash, 'hex'), digest)) found = { name, roles, team }
  return found
}

const unknownCredential = {
  message: 'This is not the secret of the admin listener.',
  help: 'For the operator: it is what the configuration has as admin.secret, or a credential whose hash stands under admin.credentials.',
} as const

/** @throws {Refusal} 403 `endpoint_not_allowed` if the operator lacks the role. */
export function requireRole({ name, roles }: Operator, role: AdminRole): void {
  if (roles.includes(role)) return
  throw new Refusal('endpoint_not_allowed', {
    message: `The credential "${name}" lacks the role "${role}", which this needs.`,
    help: `For the operator: add ${role} to admin.credentials.${name}.roles, or use a credential that has it.`,
  })
}

/**
 * The team whose data an operator gets; `undefined`: all teams.
 *
 * @param asked The team that the request names; `undefined`: it names none.
 * @throws {Refusal} 403 `endpoint_not_allowed` if the credential is for another team.
 */
export function teamFor({ name, team }: Operator, asked: string | undefined): string | undefined {
  if (team === undefined || asked === undefined || asked === team) return team ?? asked
  throw new Refusal('endpoint_not_allowed', {
    message: `The credential "${name}" is told of one team alone, and this asks for another.`,
    help: 'Ask for its own team, or for none. For the operator: admin.credentials says which it is.',
  })
}

/** @throws {Refusal} 403 `endpoint_not_allowed` if the operator may read the data of one team only. */
export function requireEveryTeam({ name, team }: Operator): void {
  if (team === undefined) return
  throw new Refusal('endpoint_not_allowed', {
    message: `The credential "${name}" is told of one team alone, and this is about all of them.`,
    help: `For the operator: remove admin.credentials.${name}.team, or use a credential without it.`,
  })
}
