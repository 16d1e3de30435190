import type { SessionBounds } from '@postern/protocol'

/** Who is calling, as a verified credential says. */
export interface Principal {
  readonly user?: string | undefined
  readonly team?: string | undefined
  readonly project?: string | undefined
  /** Which kind of credential proved it. */
  readonly via: 'service' | 'session' | 'jwt'
  /** What names the credential itself in the ledger: a service label or a token's id. */
  readonly caller: string
  /** May say for whom it calls. */
  readonly delegate: boolean
  /** What the credential is good for, where it is not good for everything that its principal may. */
  readonly bounds?: SessionBounds | undefined
}

/** The three things a principal can be bound and governed by. */
export type PrincipalFields = Pick<Principal, 'user' | 'team' | 'project'>

export const principalFields = ['user', 'team', 'project'] as const
