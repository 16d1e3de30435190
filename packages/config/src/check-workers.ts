import { type Problem, warning } from './problem.js'
import type { Config } from './schema.js'
import { workersOf } from './workers-of.js'

/** Says what each worker counts for itself. Limits, sessions, proofs and revocations are counted over all of them. */
export function checkWorkers(config: Config, problems: Problem[]): void {
  const workers = workersOf(config)
  if (workers === 1) return
  problems.push(
    warning(
      'listen.workers',
      `lets ${workers} processes serve: each counts connections and backend.connections for itself, so one address may have up to ${workers} times as many. A repeated Idempotency-Key that reaches another worker gets 409. Limits, sessions, revocations and failed authentications are counted over all of them.`,
      `Divide those bounds by ${workers} where they must hold for the machine; otherwise there is nothing to do.`,
    ),
  )
}
