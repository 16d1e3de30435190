/** The credential of a request, not verified yet. */
export interface Credential {
  /**
   * `bearer` and `dpop`: the scheme of its `Authorization` (RFC 6750, RFC 9449). `cookie`: no `Authorization`, but a
   * `Cookie`. `none`: neither.
   */
  readonly form: 'bearer' | 'dpop' | 'cookie' | 'none'
  /** The token, or the `Cookie` header as it came; empty where there is none. */
  readonly text: string
}
