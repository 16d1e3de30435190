import Table from 'cli-table3'
import type { ContractResult } from './run-contract.js'

/** The result for reading: a row for each gateway, and below it whatever does not hold. */
export function reportOf(results: readonly ContractResult[], named: readonly string[]): string {
  const leftOut = results.some((result) => result.leftOut > 0)
  const rows = new Table({
    style: { head: [], border: [] },
    head: ['gateway', 'cases', 'passed', ...(leftOut ? ['left out'] : [])],
    colAligns: ['left', 'right', 'right', 'right'],
  })
  for (const result of results) rows.push([result.gateway, result.cases, result.passed, ...(leftOut ? [result.leftOut] : [])])
  const failures = results.flatMap(({ gateway, failures: found }) =>
    found.map(({ name, door, reason }) => `${gateway}, ${door} door, ${name}\n  ${reason.split('\n').join('\n  ')}`),
  )
  return [...named, rows.toString(), ...failures].join('\n')
}
