/** Counts failed authentications by address. */
export interface FailedAttempts {
  /** Counts one more; gives the seconds to wait once there were too many, else 0. */
  count(address: string): Promise<number>
}
