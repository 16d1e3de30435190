import { calls, type Measure, tokens, type Usage, type UsageRow, valueOf } from '../usage.js'
import { measureWriter } from './measure.js'
import { Name } from './name.js'
import { count, percent, shortCount } from './numbers.js'
import { ShareBar } from './share-bar.js'
import { type Column, Table } from './table.js'

interface UsageTableProps {
  readonly title: string
  /** What the rows are of. */
  readonly field: 'team' | 'model' | 'key' | 'user' | 'workflow'
  readonly usage: Usage
  readonly measure: Measure
  /** How a row without a name is called. */
  readonly none: string
  /** Where a name leads. Default: nowhere. */
  readonly hrefOfRow?: (name: string) => string
}

/** How many rows are shown; what follows spent less than any of them. */
const maxRows = 50

/** Usage by one field, the most first. */
export function UsageTable({ title, field, usage, measure, none, hrefOfRow }: UsageTableProps) {
  const whole = valueOf(usage.total, measure)
  const rows = usage.rows.toSorted((one, other) => valueOf(other, measure) - valueOf(one, measure))
  const write = measureWriter(measure, rows[0] === undefined ? 0 : valueOf(rows[0], measure))
  const head = field === 'model' ? 'Model' : field === 'team' ? 'Team' : field === 'key' ? 'Key' : field === 'user' ? 'User' : 'Workflow'
  const isMoney = measure !== tokens && measure !== calls
  const nameOf = (row: UsageRow) => {
    const name = row[field]
    if (hrefOfRow === undefined || name === undefined || name === null) return <Name of={name} none={none} />
    return (
      <a href={hrefOfRow(name)}>
        <Name of={name} />
      </a>
    )
  }
  const columns: readonly Column<UsageRow>[] = [
    { head, cell: nameOf },
    {
      head: isMoney ? measure : measure === tokens ? 'Tokens' : 'Calls',
      isNumber: true,
      cell: (row) => <span title={isMoney ? row.cost[measure] : undefined}>{write.number(valueOf(row, measure))}</span>,
    },
    {
      head: 'Share',
      cell: (row) => (
        <span class="shared">
          <ShareBar share={whole === 0 ? 0 : valueOf(row, measure) / whole} />
          <span class="percent">{whole === 0 ? '' : percent(valueOf(row, measure) / whole)}</span>
        </span>
      ),
    },
    ...(measure === calls ? [] : [{ head: 'Calls', isNumber: true, isWide: true, cell: (row: UsageRow) => count(row.calls) }]),
    ...(measure === tokens
      ? []
      : [{ head: 'Tokens', isNumber: true, isWide: true, cell: (row: UsageRow) => shortCount(row.input + row.output) }]),
    { head: 'Refused', isNumber: true, isWide: true, cell: (row) => (row.refused === 0 ? '' : count(row.refused)) },
  ]
  return (
    <Table
      title={title}
      note={rows.length > maxRows ? `The ${maxRows} largest of ${count(rows.length)}.` : undefined}
      columns={columns}
      rows={rows.slice(0, maxRows)}
      keyOf={(row) => String(row[field])}
      empty="No calls in this time. Choose a longer one, or make a call."
    />
  )
}
