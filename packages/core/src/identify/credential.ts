/** What a request brings along to say who is calling; the verifier that recognises it decides. */
export interface Credential {
  /**
   * `bearer` and `dpop`: the scheme of its `Authorization` (RFC 6750, RFC 9449). `cookie`: cookies and no such
   * header. `none`: neither.
   */
  readonly form: 'bearer' | 'dpop' | 'cookie' | 'none'
  /** The token, or the `Cookie` header as it came; empty where there is none. */
  readonly text: string
}
