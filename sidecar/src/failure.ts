/** A command failed for a reason that its user can correct: one message, no stack, exit code 1. */
export class Failure extends Error {
  override readonly name = 'Failure'
}
