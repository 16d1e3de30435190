import type { LedgerEntry, Principal } from '@postern/ports'
import type { Clean, Cleaner } from './clean-text.js'

/** A principal's names, redacted. */
export type Names = Pick<Clean<LedgerEntry>, 'caller' | 'user' | 'team' | 'project'>

const nobody: Names = { caller: undefined, user: undefined, team: undefined, project: undefined }

/** Redacts a principal's names once per object: verifiers cache principals, so most requests bring a known object. */
export function createNameRedaction({ clean }: Cleaner): (principal: Principal | undefined) => Names {
  const known = new WeakMap<Principal, Names>()
  return (principal) => {
    if (principal === undefined) return nobody
    let names = known.get(principal)
    if (names === undefined) {
      const { caller, user, team, project } = principal
      known.set(principal, (names = { caller: clean(caller), user: clean(user), team: clean(team), project: clean(project) }))
    }
    return names
  }
}
