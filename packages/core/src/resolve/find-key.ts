import type { BoundCaller } from '@postern/ports'
import type { KeyLease } from './route.js'

/** The key of a principal, and what led to it. */
export interface BoundKey {
  readonly key: KeyLease
  /** The binding as text for people: see {@link describeBinding}. */
  readonly binding: string
  /** How specific the binding is for the caller: see `rankOf`. The smaller number counts. */
  readonly rank: number
}

/** Finds the most specific binding of a caller; `undefined` if no binding matches: there is no fallback key. */
export type FindKey = (caller: BoundCaller) => BoundKey | undefined
