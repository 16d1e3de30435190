import { type UsageField, usageFields, type UsageFilter, usageFilters, type UsageRow, writeAmount } from '@postern/ports'
import { asciiJson } from '@postern/protocol'
import { Failure } from '../failure.js'
import { askLedger, type WhereToAsk } from '../ledger/find-ledger.js'
import { print, printTable, showName } from '../print.js'
import { asJson, columnsOf } from '../usage/columns.js'
import { writeCsv } from '../usage/csv.js'
import { createProgress } from '../usage/progress.js'
import { nextMidnight, readTime } from '../usage/read-time.js'
import { totalOf } from '../usage/total.js'
import { describeCosts, drawTree, formatMs, spanOf } from '../usage/tree.js'

/** The options of `postern usage`. */
export interface UsageOptions extends WhereToAsk, Readonly<Partial<Record<UsageFilter, string>>> {
  readonly since: string
  readonly until?: string
  readonly by: string
  readonly json?: boolean
  readonly csv?: boolean
}

/** An option has a value that it does not take: exit code 2. */
class WrongUsage extends Failure {}

/** Prints who spent what. Exit code 2 if `--by`, `--since` or `--until` has another form. */
export async function usage(options: UsageOptions): Promise<number> {
  try {
    return await answer(options)
  } catch (error) {
    if (!(error instanceof WrongUsage)) throw error
    process.stderr.write(`error: ${error.message}\n(--help shows how it is used)\n`)
    return 2
  }
}

async function answer(options: UsageOptions): Promise<number> {
  const now = Date.now()
  const by = readFields(options.by)
  const sinceMs = timeOf('since', options.since, now)
  // To the end of today, so that today's calls are all in it and whole days can be read.
  const untilMs = options.until === undefined ? nextMidnight(now) : timeOf('until', options.until, now)
  const filters = usageFilters.flatMap((field): [UsageFilter, string][] => (options[field] === undefined ? [] : [[field, options[field]]]))
  const progress = createProgress()
  const question = { sinceMs, untilMs, by, only: Object.fromEntries(filters) }
  const rows = await askLedger(options, (reader) => reader.usage(question, (done) => progress.tell(done))).finally(() => progress.end())
  if (options.csv === true) process.stdout.write(writeCsv(by, rows))
  else if (options.json === true) {
    const times = { since: new Date(sinceMs).toISOString(), until: new Date(untilMs).toISOString() }
    printAscii({ ...times, by, rows: rows.map((row) => asJson(by, row)), total: asJson([], totalOf(rows)) })
  } else printUsage(by, rows, sinceMs)
  return 0
}

/** Prints a run as a tree. */
export async function usageOfWorkflow(id: string, options: WhereToAsk & { readonly json?: boolean }): Promise<number> {
  const { calls, total } = await askLedger(options, (reader) => reader.workflow(id))
  if (options.json === true) {
    const told = calls.map(({ requestId, parentStep, startMs, durationMs, cost, ...call }) => ({
      request_id: requestId,
      parent_step: parentStep,
      start: new Date(startMs).toISOString(),
      duration_ms: durationMs,
      ...call,
      cost: cost === undefined ? undefined : { amount: writeAmount(cost.amount), unit: cost.unit },
    }))
    printAscii({ workflow: id, total, calls: told })
    return total === 0 ? 1 : 0
  }
  const [first] = calls
  if (first === undefined) {
    process.stderr.write(
      `The ledger has no call of the workflow ${showName(id)}. A call belongs to a workflow if its session, or the header X-Workflow-ID, says so.\n`,
    )
    return 1
  }
  const costs = calls.flatMap(({ cost }) => (cost === undefined ? [] : [cost]))
  const begun = new Date(first.startMs).toISOString()
  print(`${showName(id)}  ${total} ${total === 1 ? 'call' : 'calls'}  ${begun}  took ${formatMs(spanOf(calls))}  ${describeCosts(costs)}`)
  for (const line of drawTree(calls)) print(line)
  if (total > calls.length) print(`These are the first ${calls.length} of ${total} calls; times and costs are theirs.`)
  return 0
}

/** Every character that a terminal obeys is escaped. */
function printAscii(data: unknown): void {
  print(asciiJson(JSON.stringify(data, null, 2)))
}

function readFields(text: string): readonly UsageField[] {
  const names = text === '' ? [] : text.split(',').map((name) => name.trim())
  const wrong = names.find((name) => !usageFields.includes(name as UsageField))
  if (wrong !== undefined) throw new WrongUsage(`--by knows no "${showName(wrong)}". It knows ${usageFields.join(', ')}.`)
  return [...new Set(names as UsageField[])]
}

function timeOf(option: string, text: string, nowMs: number): number {
  const ms = readTime(text, nowMs)
  if (ms === undefined) throw new WrongUsage(`--${option} takes 12h, 7d, 2026-11-01 or 2026-11-01T12:00Z, and got "${showName(text)}".`)
  return ms
}

function printUsage(by: readonly UsageField[], rows: readonly UsageRow[], sinceMs: number): void {
  if (rows.length === 0) {
    print(`The ledger has no such call since ${new Date(sinceMs).toISOString()}.`)
    return
  }
  const total = totalOf(rows)
  const columns = columnsOf(rows).filter(({ read, isAlways }) => isAlways || read(total) !== '0')
  const lines = rows.map((row) => [
    ...by.map((field) => (row.group[field] === undefined ? '(none)' : showName(row.group[field]))),
    ...columns.map(({ read }) => read(row)),
  ])
  if (by.length > 0) lines.push([...by.map((_, index) => (index === 0 ? 'all together' : '')), ...columns.map(({ read }) => read(total))])
  printTable([...by, ...columns.map(({ head }) => head)], lines)
}
