import type { Rounds } from './interleave.js'
import type { TtftRound } from './measure.js'
import type { HeldRound } from './measure-held.js'
import { medianRatio } from './statistics.js'
import { subjects } from './subjects.js'
import { drawTable, figure } from './table-text.js'

/** What each subject adds to the time to the first token, as so many times what the bare limit adds in the same round. */
export function addedOverLimit(rounds: Rounds<TtftRound>): string | undefined {
  const limit = rounds['bare-limit']
  if (limit === undefined) return undefined
  const rows = subjects.flatMap(({ name, title }) => {
    const own = rounds[name]
    if (own === undefined) return []
    const [p50, p99] = (['p50', 'p99'] as const).map((share) =>
      medianRatio(
        own.map(({ added }) => added[share]),
        limit.map(({ added }) => added[share]),
      ),
    )
    return [[title, figure(p50 ?? Number.NaN, 2), figure(p99 ?? Number.NaN, 2)]]
  })
  return drawTable(['added time to first token, × bare limit', 'p50', 'p99'], rows)
}

/** Streams that were held, and how late their events came. */
export function heldTable(rounds: Rounds<HeldRound>): string {
  const rows = subjects.flatMap(({ name, title }) =>
    (rounds[name] ?? []).map((round) => [
      title,
      figure(round.open, 0),
      ...[round.late.p50, round.late.p99, round.late.max].map((value) => figure(value, 2)),
      figure(round.events, 0),
      figure(round.events / round.pieces, 3),
      figure(round.perStream, 1),
      figure(round.perStreamAtTheEnd, 1),
      figure(round.cpuPerEvent, 1),
      figure(round.busy * 100, 0),
    ]),
  )
  const [any] = Object.values(rounds)[0] ?? []
  const head = any === undefined ? '' : `streams held for ${any.seconds} s`
  const columns = [
    'open',
    'late p50, ms',
    'p99',
    'max',
    'events',
    'events/chunk',
    'kB/stream',
    'at the end',
    'CPU µs/event',
    'core used, %',
  ]
  const table = drawTable([head, ...columns], rows)
  if (any === undefined || any.open >= any.asked) return table
  return `${table}\n${figure(any.asked, 0)} were asked for: a stream takes two connections of the proxy, and this machine lets a process open no more files (ulimit -Hn).`
}
