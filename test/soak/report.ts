import { drawTable, figure } from '../bench/table-text.js'
import { leftUploadKind, pageKind, repeatKind } from './kinds.js'
import { measures } from './measures.js'
import type { LoadTold } from './mixed-load.js'
import type { SoakResult } from './run.js'
import type { Verdict } from './verdict.js'

/** Rows of the table over time, at most. */
const mostRows = 12

/** Sockets, files and listeners that the process may hold after the load and did not before: what is opened once, at the first use. */
const mayStay = 4

/** What speaks against a run: an empty list where nothing does. */
export function faultsOf({ before, after, load }: SoakResult, verdicts: readonly Verdict[]): readonly string[] {
  const faults = verdicts
    .filter(({ word }) => word === 'grows')
    .map(({ measure, growth, mayGrow = 0 }) => {
      const [grown, allowed] = [growth, mayGrow].map((value) => figure(value, measure.digits + 1))
      return `${measure.name} grew by ${grown} after the warm-up; ${allowed} is allowed.`
    })
  for (const name of ['sockets', 'files', 'listeners'] as const)
    if (after[name] > before[name] + mayStay)
      faults.push(`${name}: ${before[name]} before the load, ${after[name]} when all calls had ended.`)
  const lines = linesOf(load)
  if (after.ledgerRows < lines.least || after.ledgerRows > lines.most)
    faults.push(`The ledger has ${after.ledgerRows} rows; ${lines.least} to ${lines.most} were expected of these calls.`)
  if (load.unexpected > 0)
    faults.push(`${load.unexpected} calls did not end as calls of their kind do. The first: ${load.firstUnexpected.join('; ')}`)
  return faults
}

/**
 * How many rows the ledger has of these calls: one of each but of pages. An upload that its client leaves may end before its head has come;
 * a call and its repeat are two while the store is locked.
 */
function linesOf({ begun, ended }: LoadTold): { readonly least: number; readonly most: number } {
  const { page, left, repeated } = { page: ended[pageKind] ?? 0, left: ended[leftUploadKind] ?? 0, repeated: ended[repeatKind] ?? 0 }
  return { least: begun - page - left, most: begun - page + repeated }
}

/** The tables of a run, for reading. */
export function tablesOf(result: SoakResult, verdicts: readonly Verdict[], warmUpMinutes: number): string {
  const { samples, before, after, load, operations } = result
  const step = Math.ceil(samples.length / mostRows)
  const shown = samples.filter((_, index) => (samples.length - 1 - index) % step === 0)
  const overTime = drawTable(
    ['minutes', ...measures.map(({ name }) => name), 'open calls'],
    [
      ['before', ...measures.map(({ value, digits }) => figure(value(before), digits)), '0'],
      ...shown.map((sample) => [
        `${figure(sample.minutes, 1)}${sample.minutes < warmUpMinutes ? ' warm-up' : ''}`,
        ...measures.map(({ value, digits }) => figure(value(sample), digits)),
        figure(sample.open, 0),
      ]),
      ['at rest', ...measures.map(({ value, digits }) => figure(value(after), digits)), '0'],
    ],
  )
  const trends = drawTable(
    ['after the warm-up', 'median', 'grew by', 'may grow by', 'verdict'],
    verdicts.flatMap(({ measure, middle, growth, mayGrow, word }) => {
      if (mayGrow === undefined) return []
      const figures = [middle, growth, mayGrow].map((value) => figure(value, measure.digits + 1))
      return [[measure.name, ...figures, word]]
    }),
    [0, 4],
  )
  const calls = drawTable(
    ['calls', 'ended'],
    Object.entries(load.ended)
      .toSorted(([, a], [, b]) => b - a)
      .map(([name, count]) => [name, figure(count, 0)]),
  )
  const done = drawTable(
    ['meanwhile', 'times'],
    Object.entries(operations).map(([name, count]) => [name, figure(count, 0)]),
  )
  const away = `${figure(load.begun, 0)} calls; ${figure(load.whileStoreWasAway, 0)} of them were refused with 503 while the store was locked, as they must be.`
  return [overTime, trends, calls, done, away].join('\n\n')
}
