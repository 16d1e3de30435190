import { ownerOf, type Principal } from './principal.js'

/** Whose calls made an entry of a store. A store that is bounded by memory divides its room by it; others need not know. */
export interface EntryOwner {
  /** Says which callers have their room together: those of a team and project; those without a credential are apart. */
  readonly tenant: string
  /** The owner among these, in the words of {@link ownerOf}. */
  readonly caller: string
}

/** A credential that is verified once keeps its owner. */
const known = new WeakMap<Principal, EntryOwner>()

export function entryOwnerOf(principal: Principal): EntryOwner {
  const { team, project, via } = principal
  const found = known.get(principal)
  if (found !== undefined) return found
  const tenant = JSON.stringify([team ?? null, project ?? null, via === 'anonymous'])
  const owner = { tenant, caller: ownerOf(principal) }
  known.set(principal, owner)
  return owner
}
