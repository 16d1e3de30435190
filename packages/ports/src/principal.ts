import type { SessionBounds } from '@postern/protocol'

/** The caller, as a verified credential names it. */
export interface Principal {
  readonly user?: string | undefined
  readonly team?: string | undefined
  readonly project?: string | undefined
  /** The label of a service caller in its ring; also where it calls for somebody else. */
  readonly service?: string | undefined
  /**
   * The workflow that the credential vouches for. Not that of a header, and not one that a page chose for its own session: bindings go by
   * it.
   */
  readonly workflow?: string | undefined
  /** Set if a delegate calls for this principal, which it has named in `Postern-Act-As`. */
  readonly actsFor?: true | undefined
  /** The kind of credential, named like its setting under `callers`. */
  readonly via: 'service' | 'session' | 'jwt' | 'forwardAuth' | 'anonymous'
  /** The credential's name in the ledger: a service label or a token's id. */
  readonly caller: string
  /** Set if the credential is a former one of the caller, which ends by itself. */
  readonly former?: true | undefined
  /** Whether the caller may name the principal that it calls for, in `Postern-Act-As`. */
  readonly delegate: boolean
  /** Limits of the credential; `undefined`: it may do all that its principal may. */
  readonly bounds?: SessionBounds | undefined
  /** When the credential expires, in milliseconds since the epoch; `undefined` if it does not say. */
  readonly expiresAt?: number | undefined
  /** The thumbprint of the key whose possession must be proved with every request (RFC 9449). */
  readonly jkt?: string | undefined
  /**
   * Whose objects a caller's are, if its user does not say so: text that no other caller of its kind has. An anonymous caller is
   * its network, and a session without a user the key that it is bound to, or its own id. Default: `caller`.
   */
  readonly holder?: string | undefined
  /** Set if the credential is a session token. */
  readonly session?: SessionFacts | undefined
}

/** The claims of a session token that a revocation is checked against. */
export interface SessionFacts {
  /** The token's `jti`. Tokens that Postern's own packages mint always have one. */
  readonly id: string | undefined
  /** The token's `iat`, in seconds since the epoch. */
  readonly issuedAt: number
}

/** The three fields that policy rules match, and bindings too. */
export type PrincipalFields = Pick<Principal, 'user' | 'team' | 'project'>

export const principalFields = ['user', 'team', 'project'] as const

/**
 * The combinations of these fields that a rule can name, most specific first: one that names a user beats one that
 * names a project, which beats one that names a team; then more fields beat fewer; naming nobody comes last.
 */
export const mostSpecificFirst: readonly (readonly (keyof PrincipalFields)[])[] = [
  ['user', 'project', 'team'],
  ['user', 'project'],
  ['user', 'team'],
  ['user'],
  ['project', 'team'],
  ['project'],
  ['team'],
  [],
]

/**
 * The owner of an object, as text: the same for all credentials of one user, and never the same for two callers. Callers
 * without a user are told apart by `holder` and their kind, service callers by their label. The user of anonymous callers is
 * a name that all of them share.
 */
export function ownerOf(principal: Principal): string {
  const { user, team, project, via } = principal
  const holder = user === undefined || via === 'anonymous' ? holderOf(principal) : null
  return JSON.stringify([user ?? null, team ?? null, project ?? null, holder])
}

function holderOf({ via, caller, holder = caller }: Principal): string | readonly string[] {
  return via === 'service' ? caller : [via, holder]
}
