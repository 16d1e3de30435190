import { type UsageField, type UsageFilter, usageFilters, type UsageRow } from '@postern/ports'
import { asciiJson } from '@postern/protocol'
import { askLedger, type WhereToAsk } from '../ledger/find-ledger.js'
import { print, printTable, showName } from '../print.js'
import { tellRun, tellUsage } from '../usage/answer.js'
import { columnsOf } from '../usage/columns.js'
import { writeCsv } from '../usage/csv.js'
import { createProgress } from '../usage/progress.js'
import { QuestionFault, readQuestion } from '../usage/question.js'
import { totalOf } from '../usage/total.js'
import { describeCosts, drawTree, formatMs, spanOf } from '../usage/tree.js'
import { countOf } from '../count-of.js'

/** The options of `postern usage`. */
export interface UsageOptions extends WhereToAsk, Readonly<Partial<Record<UsageFilter, string>>> {
  readonly since: string
  readonly until?: string
  readonly by: string
  readonly json?: boolean
  readonly csv?: boolean
}

/** Prints who spent what. Exit code 2 if `--by`, `--since` or `--until` has another form. */
export async function usage(options: UsageOptions): Promise<number> {
  try {
    return await answer(options)
  } catch (error) {
    if (!(error instanceof QuestionFault)) throw error
    process.stderr.write(`error: --${error.message}\n(--help shows how it is used)\n`)
    return 2
  }
}

async function answer(options: UsageOptions): Promise<number> {
  const { since, until, by } = options
  const filters = Object.fromEntries(usageFilters.map((name): [UsageFilter, string | undefined] => [name, options[name]]))
  const question = readQuestion({ ...filters, since, until, by }, Date.now())
  const progress = createProgress()
  const rows = await askLedger(options, (reader) => reader.usage(question, (done) => progress.tell(done))).finally(() => progress.end())
  if (options.csv === true) process.stdout.write(writeCsv(question.by, rows))
  else if (options.json === true) {
    printAscii(tellUsage(question, rows))
  } else printUsage(question.by, rows, question.sinceMs)
  return 0
}

/** Prints a run as a tree. */
export async function usageOfWorkflow(id: string, options: WhereToAsk & { readonly json?: boolean }): Promise<number> {
  const { calls, total } = await askLedger(options, (reader) => reader.workflow(id))
  if (options.json === true) {
    printAscii(tellRun(id, { calls, total }))
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
  print(`${showName(id)}  ${countOf(total, 'call')}  ${begun}  took ${formatMs(spanOf(calls))}  ${describeCosts(costs)}`)
  for (const line of drawTree(calls)) print(line)
  if (total > calls.length) print(`These are the first ${calls.length} of ${countOf(total, 'call')}; times and costs are theirs.`)
  return 0
}

/** Every character that a terminal obeys is escaped. */
function printAscii(data: unknown): void {
  print(asciiJson(JSON.stringify(data, null, 2)))
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
