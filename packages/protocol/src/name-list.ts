import { compileNamePattern } from './name-pattern.js'

/** What the names of a list are of. Only names of models are read by gateways in ways of their own. */
export type NamesOf = 'models' | 'endpoints'

/** Whether a name is on a list of names and patterns. */
export interface NameList {
  readonly names: readonly string[]
  /** The list allows every name, so the name need not be known. */
  readonly allowsAny: boolean
  allows(name: string): boolean
  /** Whether a list of these names, which may be patterns, would allow nothing that this list does not allow. */
  covers(names: readonly string[]): boolean
}

/**
 * Characters that could make a gateway read one model name as another: separators of lists or lines, and characters that
 * change a path. `*` does not match a name that holds them; a name that the list has in full may hold them.
 */
const oddInModel = /\.\.|@preset|[,;|\\%?#\p{C}\p{Zl}\p{Zp}]/iu

/** Whether a gateway could read a model's name as another one, or as an alias for any: no pattern stands for it. */
export function couldBeAnyModel(name: string): boolean {
  return oddInModel.test(name)
}

/**
 * Compiles a list of names, in which `*` stands for any characters: the one reading of such a list, for the policy and the
 * session that enforce it, and for whoever narrows a session.
 */
export function compileNameList(of: NamesOf, names: readonly string[]): NameList {
  const patterns = names.map(compileNamePattern)
  const allowsAny = names.some((name) => /^\*+$/.test(name))
  const inFull = new Set(names)
  const allows = (name: string): boolean =>
    patterns.some((matches) => matches(name)) && (of === 'endpoints' || allowsAny || inFull.has(name) || !couldBeAnyModel(name))
  // A pattern is looked at as if it were a name. Only a `*` of this list can match its `*`, and so matches all that it stands for;
  // and an odd name, which the other list would have in full, must be in full on this one.
  return { names, allowsAny, allows, covers: (others) => others.every(allows) }
}
