import { describe, expect, test } from 'vitest'
import { streamsWithin } from './file-limit.js'
import { writeGoals } from './goals-page.js'
import { drawGrowth } from './growth-charts.js'
import type { LineResult } from './line-result.js'
import { profileTable } from './profile.js'
import { growthAlong } from './report-charts.js'
import { writeTables } from './tables-page.js'
import { clockMs, latenciesOf, timedEvent } from './timed-event.js'
import { judge } from './verdicts.js'

/** What the benchmark measured under a line of Node, as far as these pages need it. */
function lineOf(node: string, major: number): LineResult {
  const results = {
    charts: {
      keys: [10, 1000, 100_000].map((count) => ({ count, costs: [50, 52 + count / 100_000, 48] })),
      streams: [1, 100, 9900].map((count) => ({ count, costs: [50, 51], ...(count === 1 ? {} : { perStream: 30 }) })),
    },
  }
  return { node, results, verdicts: judge(results, major) }
}
const lines = [lineOf('v20.20.2', 20), lineOf('v24.21.0', 24)]

describe('what the benchmark writes for the documentation', () => {
  test('has a row for each goal, and for each line of Node what was measured and whether it is met', () => {
    const page = writeGoals(lines, '2 cores')
    expect(page).toMatch(/\| goal \| Node 20\.20\.2 \| at most \| final goal \| {2}\| Node 24\.21\.0 /)
    expect(page).toMatch(/\| CPU per JSON request, 100,000 keys \/ 10 \| 1\.00 × \| 1\.10 × \| 1\.10 × \| final goal met \| 1\.00 ×/)
    const columns = page
      .split('\n')
      .filter((row) => row.startsWith('|'))
      .map((row) => row.split('|').length)
    expect(new Set(columns).size).toBe(1)
  })

  test('has every table of a run as a page, under the line of Node that it is of', () => {
    const box = ['┌───┬───┐', '│ JSON requests │ CPU µs │', '├───┼───┤', '│ Postern │ 62.8 │', '├───┼───┤', '│ nginx │ 16.6 │', '└───┴───┘']
    const page = writeTables(['Node 20.20.2', '', ...box, '', 'Node 24.21.0', '', ...box].join('\n'), 'npm run bench', '2 cores', ['a.svg'])
    expect(page).toContain(
      '## Node 20.20.2\n\n| JSON requests | CPU µs |\n| --- | --: |\n| Postern | 62.8 |\n| nginx | 16.6 |\n\n## Node 24.21.0',
    )
    expect(page).toContain('Written by `npm run bench`: 2 cores.')
    expect(page).toContain('(a.svg)')
  })

  test('draws a line for each line of Node, along everything that grows', () => {
    const picture = drawGrowth(lines) ?? ''
    expect(picture).toMatch(/^<svg .*<\/svg>\n$/s)
    // Two along what was measured, and one of memory.
    expect(picture.match(/<g /g)?.length).toBe(3)
    expect(picture.match(/Node 24\.21\.0/g)?.length).toBeGreaterThan(1)
    expect(picture).toContain('>9,900<')
    expect(picture).not.toMatch(/NaN|undefined|Infinity/)
  })

  test('compares the last step of a dimension with its first, round by round', () => {
    const charts = {
      rules: [
        { count: 10, costs: [10, 20, 30] },
        { count: 10_000, costs: [20, 40, 30] },
      ],
    }
    expect(growthAlong(charts, 'rules')).toBe(2)
    expect(growthAlong(charts, 'limits')).toBeUndefined()
  })
})

test('an event that says when it was sent is as old as it is, in whole pieces and in several of one', () => {
  const [one, two] = [timedEvent(), timedEvent()]
  const now = clockMs()
  const times = latenciesOf(Buffer.concat([one, two]), now + 5)
  expect(times).toHaveLength(2)
  for (const time of times) {
    expect(time).toBeGreaterThan(4.9)
    expect(time).toBeLessThan(1005)
  }
  expect(latenciesOf(one.subarray(0, 20), now)).toEqual([])
})

test('as many streams are held as a process may have connections for', () => {
  expect(streamsWithin(10_000, 65_536)).toBe(10_000)
  expect(streamsWithin(10_000, 20_000)).toBe(9925)
})

test('a profile names whose code took the time, and leaves waiting out', () => {
  const frame = (functionName: string, url = '') => ({ functionName, url, lineNumber: 4 })
  const nodes = [
    { id: 1, callFrame: frame('(idle)') },
    { id: 2, callFrame: frame('writev') },
    { id: 3, callFrame: frame('dispatch', 'file:///app/node_modules/.pnpm/undici@7/node_modules/undici/lib/pool.js') },
    { id: 4, callFrame: frame('police', 'file:///app/packages/core/dist/police/police.js') },
  ]
  const table = profileTable('Postern', { nodes, samples: [1, 2, 3, 4], timeDeltas: [1000, 50, 30, 20] })
  expect(table).toMatch(/undici\s*│\s*30\.0/)
  expect(table).toMatch(/packages\/core\/police\s*│\s*20\.0/)
  expect(table).toMatch(/writev\s*│\s*50\.0/)
  expect(table).not.toContain('idle')
})
