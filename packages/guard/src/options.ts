/** What the guard looks for besides its own list, and what it permits. */
export interface GuardOptions {
  /** Further variables whose names and values must not reach the page. */
  readonly variables?: readonly string[]
  /**
   * Texts that look like a key but are public, such as the web key of a Firebase project: the whole text, or an
   * expression that matches it.
   */
  readonly allow?: readonly (string | RegExp)[]
}
