import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { drawChart } from './chart.js'
import { writeGoals } from './goals-page.js'
import { drawGrowth } from './growth-charts.js'
import type { LineResult } from './line-result.js'
import { writeTables } from './tables-page.js'

/** Writes all that the documentation shows of a run into one folder. What was not measured has no file of this run; an older one stays. */
export function writeFiles(folder: string, lines: readonly LineResult[], figures: string, tables: string): void {
  mkdirSync(folder, { recursive: true })
  const day = new Date().toISOString().slice(0, 10)
  const machine = `${day}, Linux, ${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}`
  const command = `npm run bench -- ${process.argv.slice(2).join(' ')}`
  const [requests, growth] = [drawChart(lines), drawGrowth(lines)]
  const pictures = [requests === undefined ? [] : ['json-requests.svg'], growth === undefined ? [] : ['growth.svg']].flat()
  const files: Readonly<Record<string, string | undefined>> = {
    'figures.json': figures,
    'README.md': writeTables(tables, command, machine, pictures),
    'goals.md': writeGoals(lines, machine),
    'json-requests.svg': requests,
    'growth.svg': growth,
  }
  for (const [name, text] of Object.entries(files)) if (text !== undefined) writeFileSync(join(folder, name), text)
}
