/** What came of asking one other server. Holds no secret. */
export interface OnlineRow {
  /** `store`, `source of acme`, `key acme`. */
  readonly what: string
  /** `null`: there was nothing to ask, or it did not say. */
  readonly ok: boolean | null
  readonly detail: string
}
