import Table from 'cli-table3'
import { platformChecks } from './platform-checks.js'
import { callers } from './callers.js'
import type { Rounds } from './interleave.js'
import type { LeakCosts, LimitsCosts, SearchedText, TelemetryCosts } from './job.js'
import { limitedStores } from './limited-stores.js'
import { type GrowthResult, growthSizes } from './measure-growth.js'
import { loadedKeys } from './measure-leak.js'
import type { RevocationResult } from './measure-revocation.js'
import type { RequestsRound } from './measure-requests.js'
import { chartsTable } from './report-charts.js'
import { addedOverLimit, heldTable } from './report-streams.js'
import { workersTable } from './report-workers.js'
import { median } from './statistics.js'
import { subjects } from './subjects.js'
import { figure } from './table-text.js'
import { addedByCaller, addedByLimits, type Results } from './verdicts.js'

interface Column<T> {
  readonly head: string
  readonly value: (round: T) => number
  readonly digits: number
}

const plain = { style: { head: [], border: [] } }

/** One row per subject, with the median of its rounds in each column. */
function table<T>(title: string, rounds: Rounds<T>, columns: readonly Column<T>[]): string {
  const rows = new Table({
    ...plain,
    head: [title, ...columns.map(({ head }) => head)],
    colAligns: ['left', ...columns.map(() => 'right' as const)],
  })
  for (const { name, title: rowTitle } of subjects) {
    const own = rounds[name]
    if (own === undefined) continue
    rows.push([rowTitle, ...columns.map(({ value, digits }) => figure(median(own.map(value)), digits))])
  }
  return rows.toString()
}

/** What a caller adds is the median of its rounds' differences, and not the difference of the medians. */
function callersTable(rounds: Rounds<RequestsRound>): string {
  const rows = new Table({
    ...plain,
    head: ['JSON requests by caller', 'CPU µs/request', 'added µs', 'requests/s'],
    colAligns: ['left', 'right', 'right', 'right'],
  })
  for (const { name, title } of callers) {
    const own = rounds[name]
    if (own === undefined) continue
    const cost = median(own.map(({ cpuPerRequest }) => cpuPerRequest))
    const rate = median(own.map(({ requestsPerSecond }) => requestsPerSecond))
    rows.push([title, figure(cost, 1), figure(addedByCaller(rounds, name) ?? Number.NaN, 1), figure(rate, 0)])
  }
  return rows.toString()
}

/** The room that says who calls, without a server around it. */
function identifyTable(rounds: Rounds<number>): string {
  const rows = new Table({ ...plain, head: ['saying who calls, alone', 'CPU µs/check'], colAligns: ['left', 'right'] })
  const platform = Object.entries(platformChecks).map(([name, title]) => ({ name, title }))
  for (const { name, title } of [...callers, ...platform]) {
    const own = rounds[name]
    if (own !== undefined) rows.push([title, figure(median(own), 2)])
  }
  return rows.toString()
}

const searchedTexts: Readonly<Record<SearchedText, string>> = {
  answer: 'a JSON answer of 287 bytes',
  event: 'an event of 183 bytes',
  prose: 'a mebibyte of answers',
  base64: 'a mebibyte of base64',
}

/** The search for keys, without a server around it. */
function leakTable(costs: LeakCosts): string {
  const rows = new Table({
    ...plain,
    head: ['searching for keys, alone', ...loadedKeys.map((count) => `CPU µs, keys: ${figure(count, 0)}`)],
    colAligns: ['left', ...loadedKeys.map(() => 'right' as const)],
  })
  for (const [name, title] of Object.entries(searchedTexts) as [SearchedText, string][]) {
    const own = costs[name]
    if (own !== undefined) rows.push([title, ...loadedKeys.map((count) => figure(median(own[count] ?? [Number.NaN]), 2))])
  }
  return rows.toString()
}

/** What three rules add in the corridor, without a server around it. */
function limitsTable(costs: LimitsCosts): string {
  const rows = new Table({
    ...plain,
    head: ['a call in the corridor, without sockets', 'without rules, CPU µs', 'under three', 'added'],
    colAligns: ['left', 'right', 'right', 'right'],
  })
  for (const { name, title } of limitedStores) {
    const own = costs[name]
    if (own === undefined) continue
    rows.push([title, figure(median(own.without), 1), figure(median(own.with), 1), figure(addedByLimits(costs, name) ?? Number.NaN, 1)])
  }
  return rows.toString()
}

/** What watches the process, without a server around it. */
function telemetryTable({ metrics, spans }: TelemetryCosts): string {
  const rows = new Table({ ...plain, head: ['telemetry, alone', 'CPU µs/call'], colAligns: ['left', 'right'] })
  rows.push(['counting a call for metrics', figure(median(metrics), 2)], ['making the spans of a call', figure(median(spans), 2)])
  return rows.toString()
}

/** Starts and requests with configurations of different sizes. */
function growthTables({ starts, requests }: GrowthResult): string {
  const opened = new Table({
    ...plain,
    head: ['starts, to the first answer', 'keys', 'rules', 'ms', 'CPU ms'],
    colAligns: ['left', 'right', 'right', 'right', 'right'],
  })
  for (const { format, size, startMs, cpuMs } of starts)
    opened.push([`configuration in ${format}`, ...[size.keys, size.rules, startMs, cpuMs].map((value) => figure(value, 0))])
  const called = new Table({
    ...plain,
    head: ['JSON requests', 'keys', 'rules', 'CPU µs/request', 'requests/s'],
    colAligns: ['left', 'right', 'right', 'right', 'right'],
  })
  for (const { name, keys, rules } of growthSizes) {
    const own = requests[name] ?? []
    const cost = median(own.map(({ cpuPerRequest }) => cpuPerRequest))
    const rate = median(own.map(({ requestsPerSecond }) => requestsPerSecond))
    called.push([name, figure(keys, 0), figure(rules, 0), figure(cost, 1), figure(rate, 0)])
  }
  return `${opened.toString()}\n\n${called.toString()}`
}

function revocationTable(results: readonly RevocationResult[]): string {
  const rows = new Table({
    ...plain,
    head: ['sessions ended under load', 'calls', 'calls/s', 'last let in, ms after', 'let in after 1 s', 'others refused'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right'],
  })
  for (const { where, calls, callsPerSecond, lastAcceptedMs, acceptedLate, othersRefused } of results)
    rows.push([where, ...[calls, callsPerSecond, lastAcceptedMs, acceptedLate, othersRefused].map((value) => figure(value, 0))])
  return rows.toString()
}

/** The tables of one line of Node, for reading. */
export function tablesOf(results: Results): string {
  const tables: string[] = []
  if (results.json !== undefined) {
    tables.push(
      table('JSON requests', results.json, [
        { head: 'CPU µs/request', value: (round) => round.cpuPerRequest, digits: 1 },
        { head: 'requests/s', value: (round) => round.requestsPerSecond, digits: 0 },
        { head: 'core used, %', value: (round) => round.busy * 100, digits: 0 },
      ]),
    )
  }
  if (results.backend !== undefined) {
    tables.push(
      table('requests to the backend', results.backend, [
        { head: 'GET, CPU µs', value: ({ page }) => page.cpuPerRequest, digits: 1 },
        { head: 'GET/s', value: ({ page }) => page.requestsPerSecond, digits: 0 },
        { head: 'POST, CPU µs', value: ({ form }) => form.cpuPerRequest, digits: 1 },
        { head: 'POST/s', value: ({ form }) => form.requestsPerSecond, digits: 0 },
      ]),
    )
  }
  if (results.callers !== undefined) tables.push(callersTable(results.callers))
  if (results.identify !== undefined) tables.push(identifyTable(results.identify))
  if (results.leak !== undefined) tables.push(leakTable(results.leak))
  if (results.telemetry !== undefined) tables.push(telemetryTable(results.telemetry))
  if (results.limits !== undefined) tables.push(limitsTable(results.limits))
  if (results.growth !== undefined) tables.push(growthTables(results.growth))
  if (results.revocation !== undefined) tables.push(revocationTable(results.revocation))
  if (results.sse !== undefined) {
    tables.push(
      table('SSE events', results.sse, [
        { head: 'CPU µs/event', value: (round) => round.cpuPerEvent, digits: 1 },
        { head: 'events/s', value: (round) => round.eventsPerSecond, digits: 0 },
        { head: 'events/chunk', value: (round) => round.eventsPerPiece, digits: 2 },
      ]),
    )
  }
  if (results.ttft !== undefined) {
    tables.push(
      table('time to first token, ms', results.ttft, [
        { head: 'direct p50', value: (round) => round.direct.p50, digits: 2 },
        { head: 'direct p99', value: (round) => round.direct.p99, digits: 2 },
        { head: 'added p50', value: (round) => round.added.p50, digits: 2 },
        { head: 'added p99', value: (round) => round.added.p99, digits: 2 },
      ]),
    )
    const over = addedOverLimit(results.ttft)
    if (over !== undefined) tables.push(over)
  }
  if (results.memory !== undefined) {
    tables.push(
      table('memory of open streams', results.memory, [
        { head: 'kB/stream', value: (round) => round.perStream, digits: 1 },
        { head: 'idle, MB', value: (round) => round.idle / 1024, digits: 1 },
        { head: 'all open, MB', value: (round) => round.open / 1024, digits: 1 },
      ]),
    )
  }
  if (results.workers !== undefined) tables.push(workersTable(results.workers))
  if (results.held !== undefined) tables.push(heldTable(results.held))
  if (results.charts !== undefined) tables.push(chartsTable(results.charts))
  return `${tables.join('\n\n')}\n`
}
