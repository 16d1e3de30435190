import Table from 'cli-table3'
import type { Finding } from './fault.js'
import type { TargetResult } from './run.js'
import { targets } from './targets/index.js'

function figure(value: number, digits = 0): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

export function tableOf(results: readonly TargetResult[]): string {
  const rows = new Table({
    style: { head: [], border: [] },
    head: ['target', '', 'inputs', 'inputs/s', 'longest turn, ms', 'findings'],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right'],
  })
  for (const { name, inputs, seconds, longestTurnMs, findings } of results) {
    const title = targets.find((target) => target.name === name)?.title ?? ''
    rows.push([name, title, figure(inputs), figure(inputs / seconds), figure(longestTurnMs, 1), figure(findings.length)])
  }
  const inputs = results.reduce((sum, result) => sum + result.inputs, 0)
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0)
  const found = results.reduce((sum, { findings }) => sum + findings.length, 0)
  rows.push([
    'all',
    '',
    figure(inputs),
    figure(inputs / seconds),
    figure(Math.max(0, ...results.map(({ longestTurnMs }) => longestTurnMs)), 1),
    figure(found),
  ])
  return rows.toString()
}

/** A finding for reading, with the command that shows it again. */
export function describeFinding({ target, fault, index, replay, input, times }: Finding, seed: number): string {
  const again = replay === undefined ? (index === undefined ? '' : `--input ${index}`) : `--replay ${replay}`
  return [
    `${target}: ${fault.kind}: ${fault.what}${times > 1 ? ` (${times} times)` : ''}`,
    ...(fault.detail === undefined ? [] : [`  ${fault.detail.trim().split('\n').slice(0, 8).join('\n  ')}`]),
    ...(input === undefined ? ['  No single input shows it.'] : [`  ${input}`]),
    ...(again === ''
      ? [`  again: npm run fuzz -- --seed ${seed} --only ${target}`]
      : [`  again: npm run fuzz -- --seed ${seed} --only ${target} ${again}`]),
  ].join('\n')
}
