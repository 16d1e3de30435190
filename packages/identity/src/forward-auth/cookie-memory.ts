/** The part of the memory of forward-auth answers that requests to the backend use. A key stands for one cookie. */
export interface CookieMemory {
  /** The keys of the cookies in a `Cookie` header. */
  keysOf(header: string): readonly string[]
  /** Forgets all answers about these cookies. */
  forget(keys: readonly string[]): void
  /** The keys that could tell users apart: without cookies that two different users are known to have. */
  distinctive(keys: readonly string[]): readonly string[]
  /**
   * Forgets all answers about these cookies, and for a minute keeps no new ones: the backend may still work on a change
   * whose answer Postern will not see.
   */
  unsettle(keys: readonly string[]): void
}
