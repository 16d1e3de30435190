/** A command that could not do what was asked, for a reason that its user can mend: one message, no stack, exit code 1. */
export class Failure extends Error {
  override readonly name = 'Failure'
}
