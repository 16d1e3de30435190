import { useState } from 'preact/hooks'
import { dayName } from './numbers.js'

/** A day of the chart. */
interface Day {
  /** Such as `2026-11-27`. */
  readonly day: string
  readonly value: number
  /** The value with its unit, as it is read. */
  readonly text: string
}

interface DayChartProps {
  readonly title: string
  readonly unit: string
  readonly days: readonly Day[]
  readonly scale: (value: number) => string
}

const height = 100

/** How many days are named, each below its bar, at most. */
const maxNamed = 8

/** A bar for each day, and the same as a table. The bars are drawn without any style of their own, which the page's policy forbids. */
export function DayChart({ title, unit, days, scale }: DayChartProps) {
  const [pointed, setPointed] = useState<Day>()
  const top = niceTop(Math.max(...days.map(({ value }) => value), 0))
  const width = days.length * 10
  const highest = days.reduce<Day | undefined>((found, each) => (each.value > (found?.value ?? 0) ? each : found), undefined)
  const said = pointed ?? highest
  return (
    <section class="card chart" aria-label={title}>
      <header class="card-head">
        <h2>{title}</h2>
        <p class="read-out">
          {said === undefined ? '' : `${said === highest && pointed === undefined ? 'Most on ' : ''}${dayName(said.day)}: ${said.text}`}
        </p>
      </header>
      <div class="plot">
        <div class="scale" aria-hidden="true">
          {[1, 0.5, 0].map((share) => (
            <span key={share}>{scale(top * share)}</span>
          ))}
        </div>
        <svg
          viewBox={`0 0 ${width} ${height}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`${title}, ${days.length} days. ${highest === undefined ? 'Nothing yet.' : `Most on ${dayName(highest.day)}: ${highest.text}.`} The table below has each day.`}
          onPointerLeave={() => setPointed(undefined)}
        >
          {[0, 0.5, 1].map((share) => (
            <line key={share} class="grid" x1="0" x2={width} y1={height * share} y2={height * share} />
          ))}
          {days.map((each, index) => {
            const tall = top === 0 ? 0 : (each.value / top) * height
            return (
              <g key={each.day} onPointerEnter={() => setPointed(each)}>
                <rect class="hit" x={index * 10} y="0" width="10" height={height} />
                <rect
                  class={each === pointed ? 'bar pointed' : 'bar'}
                  x={index * 10 + 1.6}
                  y={height - tall}
                  width="6.8"
                  height={each.value > 0 ? Math.max(tall, 1) : 0}
                />
              </g>
            )
          })}
        </svg>
        <div class={days.length <= maxNamed ? 'days each' : 'days'} aria-hidden="true">
          {labelled(days).map(({ day }) => (
            <span key={day}>
              {dayName(day).split(' ')[0]}
              <span class={days.length <= maxNamed ? 'month' : ''}> {dayName(day).split(' ')[1]}</span>
            </span>
          ))}
        </div>
      </div>
      <details>
        <summary>As a table</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">Day (UTC)</th>
              <th scope="col" class="number">
                {unit}
              </th>
            </tr>
          </thead>
          <tbody>
            {days.toReversed().map(({ day, text }) => (
              <tr key={day}>
                <td>{day}</td>
                <td class="number">{text}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </section>
  )
}

/** The days whose names stand below the chart: the first, the last, and the one between them. */
function labelled(days: readonly Day[]): readonly Day[] {
  if (days.length <= maxNamed) return days
  return [0, Math.floor((days.length - 1) / 2), days.length - 1].map((index) => days[index] as Day)
}

/** The end of the scale: 1, 2 or 5 times a power of ten. */
function niceTop(largest: number): number {
  if (largest <= 0) return 0
  const power = 10 ** Math.floor(Math.log10(largest))
  return ([1, 2, 5, 10].find((step) => step * power >= largest) as number) * power
}
