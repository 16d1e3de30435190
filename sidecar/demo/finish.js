/** @type {Record<string, { label: string, tone: 'good' | 'warn' | 'bad' | 'calm' }>} */
const finishes = {
  complete: { label: 'Complete', tone: 'good' },
  refused: { label: 'Refused by Postern', tone: 'bad' },
  upstream_error: { label: 'Gateway error', tone: 'bad' },
  truncated: { label: 'Broken off', tone: 'warn' },
  client_closed: { label: 'Cancelled', tone: 'calm' },
  none: { label: 'No answer', tone: 'bad' },
  cut_shutdown: { label: 'Cut, shut down', tone: 'warn' },
  cut_budget: { label: 'Cut, budget spent', tone: 'warn' },
}

/**
 * How the end of a request is shown. One that has not ended is streaming.
 *
 * @param {string | undefined} finish
 * @returns {{ label: string, tone: string }}
 */
export function describeFinish(finish) {
  if (finish === undefined) return { label: 'Streaming', tone: 'busy' }
  return finishes[finish] ?? { label: finish, tone: 'calm' }
}
