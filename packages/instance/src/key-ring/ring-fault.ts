/** Why a change cannot be made: what was asked for is `wrong`, or `missing` from the ring; or the ring has something in its way (`taken`). */
export type RingFaultKind = 'wrong' | 'missing' | 'taken'

/** What somebody wants to do with the ring cannot be done; the message says why, and `fix` what to do. */
export class RingFault extends Error {
  readonly fix: string
  readonly kind: RingFaultKind

  constructor(message: string, fix: string, kind: RingFaultKind = 'wrong') {
    super(message)
    this.fix = fix
    this.kind = kind
  }
}
