import type { SessionBounds } from '@postern/protocol'

/** Who is calling, as a verified credential says. */
export interface Principal {
  readonly user?: string | undefined
  readonly team?: string | undefined
  readonly project?: string | undefined
  /** Which kind of credential proved it, as the configuration calls it. */
  readonly via: 'service' | 'session' | 'jwt' | 'forwardAuth' | 'anonymous'
  /** What names the credential itself in the ledger: a service label or a token's id. */
  readonly caller: string
  /** May say for whom it calls. */
  readonly delegate: boolean
  /** What the credential is good for, where it is not good for everything that its principal may. */
  readonly bounds?: SessionBounds | undefined
  /** When the credential ends, in milliseconds since the epoch, where it says so. */
  readonly expiresAt?: number | undefined
  /** The thumbprint of the key whose possession must be proved with every request (RFC 9449). */
  readonly jkt?: string | undefined
  /** The session that the credential is, where it is one. */
  readonly session?: SessionFacts | undefined
}

/** What a revocation can name of a session token. */
export interface SessionFacts {
  /** Tokens of our own minters always have one. */
  readonly id: string | undefined
  /** Seconds since the epoch. */
  readonly issuedAt: number
}

/** The three things a principal can be bound and governed by. */
export type PrincipalFields = Pick<Principal, 'user' | 'team' | 'project'>

export const principalFields = ['user', 'team', 'project'] as const

/** Whose something is, as a text: the same for every credential of one user, and of a service that calls for no user. */
export function ownerOf({ user, team, project, via, caller }: Principal): string {
  return JSON.stringify([user ?? null, team ?? null, project ?? null, user === undefined && via === 'service' ? caller : null])
}
