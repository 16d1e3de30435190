/** One server-side caller: a name and the SHA-256 of its credential. */
export interface RingEntry {
  readonly label: string
  /** When the credential ends, in milliseconds since the epoch; `undefined`: it has no end. The caller's former credentials have one. */
  readonly until?: number
  /** 64 lower-case hexadecimal digits. */
  readonly digest: string
  /** `created_at` of a manifest, as it was written; ISO 8601. */
  readonly createdAt?: string
}
