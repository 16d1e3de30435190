/** One server-side caller: a name and the SHA-256 of its credential. */
export interface RingEntry {
  readonly label: string
  /** 64 lower-case hexadecimal digits. */
  readonly digest: string
  /** `created_at` of a manifest, as it was written; ISO 8601. */
  readonly createdAt?: string
}
