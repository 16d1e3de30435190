/** A command failed for a reason that its user can correct: one message, no stack, exit code 1. */
export class Failure extends Error {
  override readonly name = 'Failure'
}

/** A command was called in a way that cannot be meant: exit code 2, as for an option that is not known. */
export class WrongUsage extends Failure {}
