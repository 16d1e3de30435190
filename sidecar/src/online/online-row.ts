/** The result of asking one server. Holds no secret. */
export interface OnlineRow {
  /** `store`, `source of acme`, `key acme`, `ring`, `ring key acme`. */
  readonly what: string
  /** `null`: the server was not asked, or its answer does not tell. */
  readonly ok: boolean | null
  readonly detail: string
}
