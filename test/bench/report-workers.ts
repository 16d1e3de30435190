import type { Rounds } from './interleave.js'
import { type WorkersRound, workerCounts } from './measure-workers.js'
import { median } from './statistics.js'
import { drawTable, figure } from './table-text.js'

/** One process and two workers: what a request costs, and how many came through on this machine. */
export function workersTable(rounds: Rounds<WorkersRound>): string {
  const rows = workerCounts.flatMap((count) => {
    const own = rounds[count]
    if (own === undefined) return []
    const middle = (value: (round: WorkersRound) => number, digits: number): string => figure(median(own.map(value)), digits)
    return [
      [
        count === 1 ? 'one process' : `${count} workers and their primary`,
        middle(({ cpuPerRequest }) => cpuPerRequest, 1),
        count === 1 ? '' : middle(({ firstPerRequest }) => firstPerRequest, 1),
        middle(({ requestsPerSecond }) => requestsPerSecond, 0),
        middle(({ busy }) => busy * 100, 0),
      ],
    ]
  })
  return drawTable(['workers, with limits and a ledger', 'CPU µs/request', 'of that the primary', 'requests/s', 'cores used, %'], rows)
}
