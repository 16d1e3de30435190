/** Counts failed authentications by address. */
export interface FailedAttempts {
  /**
   * Counts one more failure of an address.
   *
   * @returns How long the client should wait, in seconds, if there were too many; otherwise 0.
   */
  count(address: string): Promise<number>
  /** Ends the counting. */
  close(): void
}
