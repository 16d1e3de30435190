import type { GovernanceRecord } from '@postern/client'
import type { Turn } from './turn.js'

/** What is shown of a record, and in which order; what is not known is not there. */
function rowsOf(record: GovernanceRecord): readonly (readonly [string, string | undefined])[] {
  const { usage, cost } = record
  return [
    ['Key', record.key],
    ['Cost', cost === undefined ? undefined : `${cost.amount} ${cost.unit}`],
    ['Tokens', usage === undefined ? undefined : `${usage.input ?? '?'} in, ${usage.output ?? '?'} out`],
    ['Model', record.model],
    ['Asked for', record.model_requested],
    ['Provider', record.provider],
    ['Gateway', record.gateway],
    ['Finish', record.finish],
    ['In Postern', record.overhead_ms === undefined ? undefined : `${record.overhead_ms} ms`],
    ['Workflow', record.workflow],
    ['Step', record.step],
    ['Request id', record.request_id],
  ]
}

export function GovernancePanel({ turn }: { readonly turn: Turn | undefined }) {
  const rows = turn?.record === undefined ? [] : rowsOf(turn.record)
  return (
    <aside className="governance" aria-label="Governance" tabIndex={0}>
      <h2>Governance</h2>
      {rows.length === 0 && <p className="nothing">{emptyNote(turn)}</p>}
      <dl>
        {rows.map(
          ([name, value]) =>
            value !== undefined && (
              <div key={name} data-field={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
    </aside>
  )
}

function emptyNote(turn: Turn | undefined): string {
  if (turn === undefined) return 'Which key paid, which model answered and what it cost: here, for each answer.'
  return turn.state === 'streaming' ? 'The record comes with the end of the answer.' : 'Nothing is known of this one.'
}
