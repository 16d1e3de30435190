/** What somebody wants to do with the ring cannot be done; the message says why, and `fix` what to do. */
export class RingFault extends Error {
  readonly fix: string

  constructor(message: string, fix: string) {
    super(message)
    this.fix = fix
  }
}
