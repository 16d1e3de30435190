/** A command failed for a reason that its user can correct: one message, no stack, exit code 1. */
export class Failure extends Error {
  override readonly name = 'Failure'
}

/** A command was called with wrong options or arguments: exit code 2, as for an unknown option. */
export class WrongUsage extends Failure {}
