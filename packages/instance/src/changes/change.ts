/** A setting that two configurations have differently. */
export interface Change {
  /** `policies.models`, `keys.acme.secret`. A list is one setting. */
  readonly path: string
  readonly what: 'added' | 'removed' | 'changed'
  /** Whether it may now let more through than before: `false` only where that is known not to be so. */
  readonly laxer: boolean
}
