import type { Principal } from '@postern/ports'

/** Whose call is asked about. `workflow` is the one that the credential vouches for. */
export type AskedCaller = Pick<Principal, 'user' | 'team' | 'project' | 'service' | 'workflow' | 'actsFor'>

/** The principal of a call that is asked about and not made. */
export function askedPrincipal({ user, team, project, service, workflow, actsFor }: AskedCaller): Principal {
  return { user, team, project, service, workflow, actsFor, via: 'service', caller: service ?? 'explain', delegate: false }
}
