import type { Pointer } from './pointer.js'

/** A condition on an error. Every field that is given must hold. */
export interface ErrorCondition {
  readonly status?: number
  /** The error's `type` or `code`, whichever holds it. */
  readonly name?: string
  readonly message?: RegExp
  /** There is a value at this place. */
  readonly has?: Pointer
  /** There is no value at this place. */
  readonly lacks?: Pointer
}
