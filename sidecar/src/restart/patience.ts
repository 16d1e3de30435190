import type { Config } from '@postern/config'
import type { Log } from '@postern/ports'
import type { Patience } from '@postern/stores/claim'

/** How much longer than the deadline of a shutdown a process waits for the one before it, in milliseconds. */
const furtherMs = 5000

/** How long a process that starts waits for what another one still has, and what it says meanwhile. */
export function patienceFor(what: 'store' | 'audit', file: string, { shutdown }: Pick<Config, 'shutdown'>, log: Log): Patience {
  const atMostMs = shutdown.deadline + furtherMs
  return {
    atMostMs,
    onWait: () =>
      log('info', 'waiting', { for: what, file, at_most_ms: atMostMs, reason: 'Another process has it until it is told to stop.' }),
  }
}
