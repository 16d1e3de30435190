/** A setting that two configurations have differently. */
export interface Change {
  /** `policies.models`, `keys.acme.secret`. A list is one setting. */
  readonly path: string
  readonly what: 'added' | 'removed' | 'changed'
  /** Whether it now lets more through than before. */
  readonly laxer: boolean
}
