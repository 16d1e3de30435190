import type { LedgerEntry, UsageQuestion } from '@postern/ports'

export const dayMs = 86_400_000
/** Midnight in UTC. */
export const someDay = Math.floor(Date.now() / dayMs) * dayMs - 3 * dayMs

let entries = 0

/** An entry of a call that was sent and answered. */
export function entryOf(facts: Partial<LedgerEntry> & { readonly atMs?: number } = {}): LedgerEntry {
  entries += 1
  const { atMs = someDay, ...given } = facts
  return {
    time: new Date(atMs).toISOString(),
    request_id: `id-${entries}`,
    attempt: 1,
    method: 'POST',
    path: '/v1/chat/completions',
    status: 200,
    finish: 'complete',
    duration_ms: 12.5,
    ...given,
  }
}

export function asks(facts: Partial<UsageQuestion> = {}): UsageQuestion {
  return { sinceMs: someDay, untilMs: someDay + dayMs, by: [], ...facts }
}
