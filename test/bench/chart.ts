import type { LineResult } from './line-result.js'
import { median } from './statistics.js'
import { subjects } from './subjects.js'
import { figure } from './table-text.js'

/** What the chart is drawn with, in pixels. */
const width = 760
const labelWidth = 330
const barHeight = 14
const rowGap = 12
const top = 64

/** One for each line of Node, in the order of the run; told apart by their lightness too. */
const colours = ['#1d4e89', '#5b9bd5', '#a9cdee', '#d6e6f5']

/**
 * Draws what a JSON request costs each subject under each line of Node, as an SVG of its own.
 *
 * @returns `undefined` if no JSON requests were measured.
 */
export function drawChart(lines: readonly LineResult[]): string | undefined {
  const measured = lines.filter(({ results }) => results.json !== undefined)
  const rows = subjects.flatMap(({ name, title }) => {
    const costs = measured.map(({ results }) => {
      const own = results.json?.[name]
      return own === undefined ? undefined : median(own.map(({ cpuPerRequest }) => cpuPerRequest))
    })
    return costs.some((cost) => cost !== undefined) ? [{ title, costs }] : []
  })
  if (rows.length === 0) return undefined
  const most = Math.max(...rows.flatMap(({ costs }) => costs.map((cost) => cost ?? 0)))
  const rowHeight = measured.length * barHeight + rowGap
  const bars = rows.flatMap(({ title, costs }, row) => [
    text(labelWidth - 8, top + row * rowHeight + (measured.length * barHeight) / 2 + 4, title, 'end'),
    ...costs.flatMap((cost, line) => (cost === undefined ? [] : bar(cost, most, top + row * rowHeight + line * barHeight, line))),
  ])
  const key = measured.flatMap(({ node }, line) => [
    `<rect x="${labelWidth + line * 130}" y="34" width="12" height="12" fill="${colours[line % colours.length]}"/>`,
    text(labelWidth + line * 130 + 18, 44, `Node ${node.slice(1)}`),
  ])
  const height = top + rows.length * rowHeight
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="#222">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(12, 20, 'CPU of the proxy for one JSON request, in µs (less is better)'),
    ...key,
    ...bars,
    '</svg>',
    '',
  ].join('\n')
}

function bar(cost: number, most: number, y: number, line: number): readonly string[] {
  const length = Math.round((cost / most) * (width - labelWidth - 60))
  return [
    `<rect x="${labelWidth}" y="${y}" width="${length}" height="${barHeight - 2}" fill="${colours[line % colours.length]}"/>`,
    text(labelWidth + length + 6, y + barHeight - 4, figure(cost, 1)),
  ]
}

function text(x: number, y: number, words: string, anchor: 'start' | 'end' = 'start'): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`
}
