import type { Call } from '../call.js'
import type { ViewProps } from '../operator.js'
import { Choice } from '../parts/choice.js'
import { Timeline } from '../parts/timeline.js'
import { UsageTable } from '../parts/usage-table.js'
import { Waiting } from '../parts/waiting.js'
import { periodName, periodOptions, sinceOf } from '../periods.js'
import { hrefOf } from '../route.js'
import { read } from '../session.js'
import { type Measure, measuresOf, type Usage } from '../usage.js'
import { useAnswers } from '../use-answers.js'

/** The calls of a workflow, as the admin listener tells them. */
interface Run {
  readonly workflow: string
  readonly total: number
  readonly calls: readonly Call[]
}

/** The workflows of a time; and of one of them its steps in time. */
export function Workflows(props: ViewProps) {
  const { id } = props.route.params
  return id === undefined ? <AllWorkflows {...props} /> : <OneWorkflow id={id} since={sinceOf(props.route)} />
}

function AllWorkflows({ route }: ViewProps) {
  const since = sinceOf(route)
  const { answers, ...waiting } = useAnswers<readonly [Usage]>(since, () => [read<Usage>('/usage', { since, by: 'workflow' })])
  const usage = answers?.[0]
  const named =
    usage === undefined ? undefined : { ...usage, rows: usage.rows.filter(({ workflow }) => workflow !== null && workflow !== undefined) }
  return (
    <>
      <div class="bar-of-choices">
        <Choice label="Time" options={periodOptions(route)} />
      </div>
      <Waiting {...waiting} />
      {named === undefined ? undefined : named.rows.length === 0 ? (
        <p class="card empty">
          No call of a workflow in this time. A call belongs to a workflow if its session, or the header X-Workflow-ID, says so.
        </p>
      ) : (
        <UsageTable
          title={`Workflows ${periodName(since)}`}
          field="workflow"
          usage={named}
          measure={measuresOf(named)[0] as Measure}
          hrefOfRow={(id) => hrefOf('workflows', { id, since })}
          none=""
        />
      )}
    </>
  )
}

function OneWorkflow({ id, since }: { readonly id: string; readonly since: string }) {
  const { answers, ...waiting } = useAnswers<readonly [Run]>(id, () => [read<Run>(`/usage/workflows/${encodeURIComponent(id)}`)])
  return (
    <>
      <h2 class="of-whom">
        Workflow <bdi>{id}</bdi>
        <a class="back" href={hrefOf('workflows', { since })}>
          All workflows
        </a>
      </h2>
      <Waiting {...waiting} />
      {answers === undefined ? undefined : <Timeline calls={answers[0].calls} total={answers[0].total} />}
    </>
  )
}
