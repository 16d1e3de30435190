import { figure } from './table-text.js'

/** A place on a chart. */
export type Point = readonly [x: number, y: number]

/** One line of a chart. */
export interface Line {
  readonly name: string
  readonly points: readonly Point[]
  /** Whether it is drawn as a trend: thin and dashed, without dots. Default: no. */
  readonly isTrend?: boolean
}

export interface LineChart {
  readonly title: string
  /** What stands below, such as "open streams". */
  readonly xLabel: string
  /** Whether each step to the right is ten times as much. Default: each is as much as the one before. */
  readonly isLogarithmic?: boolean
  readonly lines: readonly Line[]
  /** How many digits figures have behind the point. */
  readonly digits: number
  /** What is left of this `x` is shaded: it counts nowhere. */
  readonly shadedUntil?: number
}

/** The size of one chart with its words, in pixels. */
export const chartWidth = 760
export const chartHeight = 190

const left = 76
const right = 150
const top = 30
const bottom = 40

/** Told apart by their lightness too. */
const colours = ['#1d4e89', '#5b9bd5', '#a9cdee', '#c2571a']

/** Draws charts below each other, as an SVG of its own. Each begins at zero, so that what is flat looks flat. */
export function drawLineCharts(title: string, charts: readonly LineChart[]): string {
  const height = 34 + charts.length * chartHeight
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${chartWidth} ${height}" font-family="sans-serif" font-size="12" fill="#222">`,
    `<rect width="${chartWidth}" height="${height}" fill="#fff"/>`,
    text(12, 20, title, 'start', 14),
    ...charts.flatMap((chart, index) => [`<g transform="translate(0 ${34 + index * chartHeight})">`, ...drawOne(chart), '</g>']),
    '</svg>',
    '',
  ].join('\n')
}

function drawOne({ title, xLabel, isLogarithmic = false, lines, digits, shadedUntil }: LineChart): readonly string[] {
  const points = lines.flatMap((line) => line.points)
  const scale = isLogarithmic ? (x: number): number => Math.log10(Math.max(x, 0.1)) : (x: number): number => x
  const xs = points.map(([x]) => x)
  const [first, last] = [Math.min(...xs), Math.max(...xs)]
  const most = Math.max(...points.map(([, y]) => y), Number.MIN_VALUE) * 1.1
  const [right0, base] = [chartWidth - right, chartHeight - bottom]
  const xOf = (x: number): number => left + ((scale(x) - scale(first)) / (scale(last) - scale(first) || 1)) * (right0 - left)
  const yOf = (y: number): number => base - (Math.max(y, 0) / most) * (base - top)
  const path = (each: readonly Point[]): string => each.map(([x, y]) => `${xOf(x).toFixed(1)},${yOf(y).toFixed(1)}`).join(' ')
  const ticks = isLogarithmic ? [...new Set(xs)] : [first, (first + last) / 2, last]
  return [
    text(12, 16, title),
    ...(shadedUntil === undefined || shadedUntil <= first
      ? []
      : [
          `<rect x="${left}" y="${top}" width="${(xOf(Math.min(shadedUntil, last)) - left).toFixed(1)}" height="${base - top}" fill="#eee"/>`,
        ]),
    ...[0, 0.5, 1].flatMap((share) => [
      `<line x1="${left}" x2="${right0}" y1="${yOf((most / 1.1) * share)}" y2="${yOf((most / 1.1) * share)}" stroke="#ddd"/>`,
      text(left - 8, yOf((most / 1.1) * share) + 4, figure((most / 1.1) * share, digits), 'end'),
    ]),
    ...ticks.map((x) => text(xOf(x), base + 16, figure(x, Number.isInteger(x) ? 0 : 1), 'middle')),
    text((left + right0) / 2, base + 32, xLabel, 'middle'),
    ...lines.flatMap(({ name, points: own, isTrend = false }, index) => {
      const colour = colours[index % colours.length] ?? ''
      const end = own.at(-1)
      return [
        `<polyline points="${path(own)}" fill="none" stroke="${isTrend ? '#c2571a' : colour}" stroke-width="${isTrend ? 1 : 2}"${isTrend ? ' stroke-dasharray="5 4"' : ''}/>`,
        ...(isTrend || own.length > 40
          ? []
          : own.map(([x, y]) => `<circle cx="${xOf(x).toFixed(1)}" cy="${yOf(y).toFixed(1)}" r="3" fill="${colour}"/>`)),
        ...(end === undefined || isTrend ? [] : [text(right0 + 8, top + 12 + index * 16, name, 'start', 12, colour)]),
      ]
    }),
  ]
}

function text(x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end' = 'start', size = 12, fill = '#222'): string {
  const escaped = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" font-size="${size}" fill="${fill}">${escaped}</text>`
}
