import type { UsageField, UsageRow } from '@postern/ports'
import { showName } from '../print.js'
import { columnsOf } from './columns.js'

/** What a spreadsheet may take for the beginning of a formula, also in the wide forms of East Asian scripts. */
const formula = /^\s*[=+\-@＝＋－＠]/

/** The rows as CSV (RFC 4180), a head and a line for each; no cell is a formula. */
export function writeCsv(by: readonly UsageField[], rows: readonly UsageRow[]): string {
  const columns = columnsOf(rows)
  const lines = [
    [...by, ...columns.map(({ name }) => cell(name))],
    ...rows.map((row) => [...by.map((field) => cell(row.group[field] ?? '')), ...columns.map(({ read }) => read(row))]),
  ]
  return lines.map((line) => `${line.join(',')}\r\n`).join('')
}

/** Names are texts of clients. An apostrophe says to a spreadsheet that a text follows. */
function cell(text: string): string {
  const shown = showName(text)
  const safe = formula.test(text) ? `'${shown}` : shown
  return /[",;\s']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
