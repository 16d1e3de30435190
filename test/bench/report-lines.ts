import type { LineResult } from './line-result.js'
import { median, medianRatio } from './statistics.js'
import { subjects } from './subjects.js'
import { drawTable, figure } from './table-text.js'
import type { Verdict } from './verdicts.js'

/** JSON requests under each line of Node: what a subject costs, and how many times the bare limit of the same rounds. */
export function jsonByLine(lines: readonly LineResult[]): string | undefined {
  const measured = lines.filter(({ results }) => results.json !== undefined)
  if (measured.length === 0) return undefined
  const costs = (line: LineResult, name: string): readonly number[] | undefined =>
    line.results.json?.[name]?.map(({ cpuPerRequest }) => cpuPerRequest)
  const rows = subjects
    .filter(({ name }) => measured.some((line) => costs(line, name) !== undefined))
    .map(({ name, title }) => [
      title,
      ...measured.flatMap((line) => {
        const own = costs(line, name)
        const limit = costs(line, 'bare-limit')
        return [own && figure(median(own), 1), own && limit && figure(medianRatio(own, limit), 2)].map((text) => text ?? '')
      }),
    ])
  return drawTable(['JSON requests, CPU µs', ...measured.flatMap(({ node }) => [`Node ${node.slice(1)}`, '× limit'])], rows)
}

/** Every goal under every line of Node: the goal, what was measured, and whether it is met. */
export function goalsByLine(lines: readonly LineResult[]): string | undefined {
  const rows = lines.flatMap(({ node, verdicts }) =>
    verdicts.map((verdict) => [
      verdict.title,
      node.slice(1),
      ...[verdict.measured, verdict.atMost, verdict.final].map((value) => `${figure(value, 2)} ${verdict.unit}`),
      wordOf(verdict),
    ]),
  )
  return rows.length === 0 ? undefined : drawTable(['goal', 'Node', 'measured', 'at most', 'final goal', 'verdict'], rows, [0, 1, 5])
}

function wordOf({ met, finalMet, gates }: Verdict): string {
  if (met) return finalMet ? 'pass, final goal met' : 'pass'
  return gates ? 'FAIL' : 'missed, does not gate'
}
