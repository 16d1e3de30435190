import type { LedgerEntry } from '@postern/ports'

const dayMs = 86_400_000

/** Calls per day of each team on a plain day, what one costs in USD, and the models that it asks. */
const teams = [
  { team: 'acme', key: 'acme-prod', users: ['ada', 'abe', 'amy'], calls: 34, usd: 0.0124, models: ['openai/gpt-4o', 'openai/gpt-4o-mini'] },
  { team: 'globex', key: 'acme-prod', users: ['gus', 'gwen'], calls: 19, usd: 0.0087, models: ['anthropic/claude-sonnet-4.5'] },
  { team: 'initech', key: 'initech-old', users: ['ian'], calls: 7, usd: 0.0031, models: ['openai/gpt-4o-mini'] },
] as const

let entries = 0

/** An entry of a call that was sent and answered. */
export function consoleEntry(atMs: number, facts: Partial<LedgerEntry> = {}): LedgerEntry {
  entries += 1
  const { workflow = '_', step = '_' } = facts
  return {
    time: new Date(atMs).toISOString(),
    request_id: `${workflow}.${step}.01K${String(entries).padStart(23, '0')}.1`,
    attempt: 1,
    method: 'POST',
    path: '/v1/chat/completions',
    status: 200,
    finish: 'complete',
    duration_ms: 900,
    gateway: 'main',
    via: 'service',
    ...facts,
  }
}

/** The calls of some days of three teams, the same at each run but for the date; the last ones are of a minute ago. */
export function consoleEntries(nowMs: number, days = 30): readonly LedgerEntry[] {
  const today = Math.floor(nowMs / dayMs) * dayMs
  const made: LedgerEntry[] = []
  for (let back = days - 1; back >= 0; back -= 1) {
    const midnight = today - back * dayMs
    // More on some days than on others, without chance.
    const busy = 0.55 + 0.45 * Math.sin(back * 0.9) ** 2 + (back % 7 === 3 ? 0.5 : 0)
    const untilMs = back === 0 ? nowMs - midnight - 60_000 : dayMs
    for (const { team, key, users, calls, usd, models } of teams)
      for (let index = 0; index < Math.round(calls * busy); index += 1) {
        const amount = usd * (0.6 + ((index * 7 + back) % 10) / 12)
        made.push(
          consoleEntry(midnight + Math.floor((untilMs * index) / Math.ceil(calls * busy)), {
            team,
            key,
            caller: team,
            user: users[index % users.length] as string,
            model: models[index % models.length] as string,
            usage: { input: 400 + index * 30, output: 150 + ((index * 13) % 200), source: 'answer' },
            cost: { amount: Number(amount.toFixed(6)), unit: 'USD' },
            duration_ms: 600 + ((index * 137) % 2400),
          }),
        )
      }
  }
  return made
}
