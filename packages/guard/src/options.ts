/** What is looked for, beside what is always looked for. */
export interface GuardOptions {
  /** Further variables whose names and values must not reach the page. */
  readonly variables?: readonly string[]
  /**
   * Texts that look like a key and are meant to be public, such as the web key of a Firebase project: whole, or
   * as an expression that matches them.
   */
  readonly allow?: readonly (string | RegExp)[]
}
