import { type UsageField, type UsageFilter, type UsageQuestion, type UsageRow, usageFields, usageFilters } from '@postern/ports'
import type { SqliteFile } from '../in-transaction.js'
import { dayMs, measures } from './measures.js'

/** How many days of sums one query reads: progress is told after each. */
const daysOfQuery = 8

/** A part of the time that is asked about: whole days whose sums are read, or a time whose calls are read. */
interface Part {
  readonly from: 'sums' | 'calls'
  /** From the first day or millisecond up to, but not including, the last. */
  readonly first: number
  readonly last: number
}

/** The parts of a time, each of one query. Only the sums of whole days hold nothing of before or after. */
function partsOf({ sinceMs, untilMs, by, only = {} }: UsageQuestion): Part[] {
  const needsCalls = [...by, ...Object.keys(only)].some((field) => field === 'workflow' || field === 'step')
  const parts: Part[] = []
  let at = sinceMs
  while (at < untilMs) {
    const day = Math.floor(at / dayMs)
    const nextMs = Math.min((day + 1) * dayMs, untilMs)
    const isWhole = at === day * dayMs && nextMs === (day + 1) * dayMs
    if (!isWhole || needsCalls) {
      parts.push({ from: 'calls', first: at, last: nextMs })
      at = nextMs
    } else {
      const last = Math.min(day + daysOfQuery, Math.floor(untilMs / dayMs))
      parts.push({ from: 'sums', first: day, last })
      at = last * dayMs
    }
  }
  return parts
}

/** The measures of one query, and its unit, in the order of their columns. */
type Sums = [unit: string, calls: number, failed: number, refused: number, ...rest: number[]]

interface Group {
  readonly values: readonly (string | null)[]
  readonly sums: number[]
  readonly costs: Map<string, bigint>
}

/** Answers a question from the file, part by part, as it is when the question is asked. */
export function readUsage(database: SqliteFile, question: UsageQuestion, progress: (done: number) => void): readonly UsageRow[] {
  checkQuestion(question)
  const groups = new Map<string, Group>()
  database.exec('BEGIN')
  try {
    // No query for days before the first call.
    const [oldest] = database.prepare('SELECT min(time) FROM calls').raw().get() as [number | null]
    const sinceMs = Math.max(question.sinceMs, Math.floor((oldest ?? question.untilMs) / dayMs) * dayMs)
    const [newest] = database.prepare('SELECT max(time) FROM calls').raw().get() as [number | null]
    const untilMs = Math.min(question.untilMs, (Math.floor((newest ?? 0) / dayMs) + 1) * dayMs)
    const parts = partsOf({ ...question, sinceMs, untilMs })
    for (const [index, part] of parts.entries()) {
      readPart(database, question, part, groups)
      progress((index + 1) / parts.length)
    }
  } finally {
    database.exec('COMMIT')
  }
  return [...groups.values()].toSorted((one, other) => compare(one.values, other.values)).map((group) => rowOf(question.by, group))
}

/** A reader gets questions from other threads: what is no field must not come into a query. */
function checkQuestion({ by, only = {}, sinceMs, untilMs }: UsageQuestion): void {
  const wrong = by.find((field) => !usageFields.includes(field)) ?? Object.keys(only).find((field) => !isFilter(field))
  if (wrong !== undefined) throw new TypeError(`There is no field "${wrong}".`)
  if (!Number.isSafeInteger(sinceMs) || !Number.isSafeInteger(untilMs)) throw new TypeError('A time is a whole number of milliseconds.')
}

function isFilter(field: string): field is UsageFilter {
  return usageFilters.includes(field as UsageFilter)
}

function readPart(database: SqliteFile, { by, only = {} }: UsageQuestion, { from, first, last }: Part, groups: Map<string, Group>): void {
  const day = from === 'sums' ? 'day' : `time / ${dayMs}`
  const ofFile = (field: UsageField): string =>
    field === 'day' ? day : field === 'workflow' || field === 'step' ? `ifnull(${field}, '')` : `who.${field}`
  const filters = Object.keys(only).filter(isFilter)
  const sums = measures.map(([column, ofCalls]) => (from === 'sums' ? `sum(${column})` : ofCalls))
  const place = (name: string): string => sums[measures.findIndex(([column]) => column === name)] as string
  // Two integers below 2^53 for an amount, however many were added.
  const whole = `${place('cost_whole')} + ${place('cost_rest')} / 1000000000`
  const rest = `${place('cost_rest')} % 1000000000`
  const columns = measures.map(([name], index) =>
    name === 'cost_whole' ? whole : name === 'cost_rest' ? rest : `CAST(${sums[index]} AS REAL)`,
  )
  const grouped = [...by.map(ofFile), 'unit']
  // Without names to group by, or to choose by, the names are not read.
  const needsNames = [...by, ...filters].some((field) => field !== 'day' && field !== 'workflow' && field !== 'step')
  const within = from === 'sums' ? 'day >= ? AND day < ?' : 'time >= ? AND time < ?'
  // The sums of several days are added up before the names are looked up: once for each who, and not for each day.
  const source = from === 'sums' && needsNames ? `(${sumsOfAll(by.includes('day'), within)}) AS sums` : from
  const query = `
    SELECT ${[...grouped, ...columns].join(', ')}
    FROM ${source} ${needsNames ? `JOIN who ON who.id = ${from}.who` : ''}
    WHERE ${source === from ? within : 'true'}
      ${filters.map((field) => `AND ${ofFile(field)} = ?`).join(' ')}
    GROUP BY ${grouped.map((_, index) => index + 1).join(', ')}`
  const rows = database
    .prepare(query)
    .raw()
    .all(first, last, ...filters.map((field) => only[field])) as (string | number)[][]
  for (const row of rows) {
    const values = row.slice(0, by.length).map((value) => (typeof value === 'number' ? dayText(value) : value === '' ? null : value))
    add(groups, values, row.slice(by.length) as unknown as Sums)
  }
}

function sumsOfAll(isByDay: boolean, within: string): string {
  const grouped = ['who', 'unit', ...(isByDay ? ['day'] : [])].join(', ')
  return `SELECT ${grouped}, ${measures.map(([column]) => `sum(${column}) AS ${column}`).join(', ')} FROM sums WHERE ${within} GROUP BY ${grouped}`
}

function dayText(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10)
}

const costWhole = measures.findIndex(([column]) => column === 'cost_whole')
const costRest = measures.findIndex(([column]) => column === 'cost_rest')

function add(groups: Map<string, Group>, values: readonly (string | null)[], [unit, ...sums]: Sums): void {
  const key = JSON.stringify(values)
  let group = groups.get(key)
  if (group === undefined) groups.set(key, (group = { values, sums: measures.map(() => 0), costs: new Map() }))
  for (const [index, sum] of sums.entries()) group.sums[index] = (group.sums[index] as number) + sum
  if (unit === '') return
  const amount = BigInt(sums[costWhole] as number) * 1_000_000_000n + BigInt(sums[costRest] as number)
  group.costs.set(unit, (group.costs.get(unit) ?? 0n) + amount)
}

function rowOf(by: readonly UsageField[], { values, sums, costs }: Group): UsageRow {
  const sum = (name: string): number => sums[measures.findIndex(([column]) => column === name)] as number
  return {
    group: Object.fromEntries(by.flatMap((field, index) => (values[index] === null ? [] : [[field, values[index]]]))),
    calls: sum('calls'),
    failed: sum('failed'),
    refused: sum('refused'),
    input: sum('input'),
    output: sum('output'),
    cached: sum('cached'),
    reasoning: sum('reasoning'),
    costs: [...costs].map(([unit, amount]) => ({ unit, amount })).toSorted((one, other) => (one.unit < other.unit ? -1 : 1)),
    estimated: sum('estimated'),
    withoutUsage: sum('without_usage'),
    withoutCost: sum('without_cost'),
  }
}

function compare(one: readonly (string | null)[], other: readonly (string | null)[]): number {
  for (const [index, value] of one.entries()) {
    const [left, right] = [value ?? '', other[index] ?? '']
    if (left !== right) return left < right ? -1 : 1
  }
  return 0
}
