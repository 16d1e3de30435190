import type { LineResult } from './line-result.js'
import { figure } from './table-text.js'
import type { Verdict } from './verdicts.js'

/** The goals as a page: each goal in a row, and for each line of Node what was measured and whether it is met. */
export function writeGoals(lines: readonly LineResult[], machine: string): string {
  const names = [...new Set(lines.flatMap(({ verdicts }) => verdicts.map(({ name }) => name)))]
  const head = ['goal', ...lines.flatMap(({ node }) => [`Node ${node.slice(1)}`, 'at most', 'final goal', ''])]
  const rows = names.map((name) => {
    const own = lines.map(({ verdicts }) => verdicts.find((verdict) => verdict.name === name))
    return [own.find((verdict) => verdict !== undefined)?.title ?? '', ...own.flatMap(cellsOf)]
  })
  const table = [head, head.map((_, index) => (index === 0 || index % 4 === 0 ? '---' : '--:')), ...rows]
  return [
    '# Goals',
    '',
    `Written by \`npm run bench -- --write docs/benchmarks\`: ${machine}.`,
    '',
    ...table.map((cells) => `| ${cells.join(' | ')} |`),
    '',
    'A goal that is missed and _does not gate_ fails no run: times and small differences move too much with the machine.',
    '',
  ].join('\n')
}

function cellsOf(verdict: Verdict | undefined): readonly string[] {
  if (verdict === undefined) return ['', '', '', 'not measured']
  const { measured, atMost, final, unit, met, finalMet, gates } = verdict
  const word = finalMet ? 'final goal met' : met ? 'passes' : gates ? '**missed**' : 'missed, does not gate'
  return [...[measured, atMost, final].map((value) => `${figure(value, 2)} ${unit}`), word]
}
