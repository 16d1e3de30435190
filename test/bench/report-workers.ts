import type { Rounds } from './interleave.js'
import { type WorkersRound, workersCases } from './measure-workers.js'
import { median, medianRatio } from './statistics.js'
import { drawTable, figure } from './table-text.js'

/** One process and two workers: what a request costs, and how many came through on this machine. */
export function workersTable(rounds: Rounds<WorkersRound>): string {
  const rows = workersCases.flatMap(({ name, title, workers, alone }) => {
    const own = rounds[name]
    if (own === undefined) return []
    const middle = (value: (round: WorkersRound) => number, digits: number): string => figure(median(own.map(value)), digits)
    return [
      [
        title,
        middle(({ cpuPerRequest }) => cpuPerRequest, 1),
        workers === 1 ? '' : middle(({ firstPerRequest }) => firstPerRequest, 1),
        workers === 1 ? '' : figure(overAlone(rounds, name, alone, ({ cpuPerRequest }) => cpuPerRequest) ?? Number.NaN, 2),
        middle(({ requestsPerSecond }) => requestsPerSecond, 0),
        workers === 1 ? '' : figure(overAlone(rounds, name, alone, ({ requestsPerSecond }) => requestsPerSecond) ?? Number.NaN, 2),
        middle(({ busy }) => busy * 100, 0),
      ],
    ]
  })
  const head = ['workers', 'CPU µs/request', 'of that the primary', '× one process', 'requests/s', '× one process', 'cores used, %']
  return drawTable(head, rows)
}

/** The median over rounds of what a case has, as so many times what the other one has in the same round. */
export function overAlone(
  rounds: Rounds<WorkersRound>,
  name: string,
  alone: string,
  value: (round: WorkersRound) => number,
): number | undefined {
  const [own, other] = [rounds[name], rounds[alone]]
  return own === undefined || other === undefined ? undefined : medianRatio(own.map(value), other.map(value))
}
