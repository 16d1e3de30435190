import type { ViewProps } from '../operator.js'
import { Choice } from '../parts/choice.js'
import { DayChart } from '../parts/day-chart.js'
import { EndSessions } from '../parts/end-sessions.js'
import { measureWriter } from '../parts/measure.js'
import { UsageTable } from '../parts/usage-table.js'
import { Waiting } from '../parts/waiting.js'
import { periodName, periodOptions, sinceOf } from '../periods.js'
import { hrefOf } from '../route.js'
import { read } from '../session.js'
import { everyDay, type Measure, measuresOf, type Usage, valueOf } from '../usage.js'
import { useAnswers } from '../use-answers.js'
import { type Limit, LimitTable } from './limits.js'

/** The teams that call; and of one team its days, models, users, keys and limits. */
export function Tenants(props: ViewProps) {
  const { team = props.operator.team } = props.route.params
  return team === undefined ? <AllTenants {...props} /> : <Tenant {...props} team={team} />
}

function AllTenants({ route }: ViewProps) {
  const since = sinceOf(route)
  const { answers, ...waiting } = useAnswers<readonly [Usage]>(since, () => [read<Usage>('/usage', { since, by: 'team' })])
  return (
    <>
      <div class="bar-of-choices">
        <Choice label="Time" options={periodOptions(route)} />
      </div>
      <Waiting {...waiting} />
      {answers === undefined ? undefined : (
        <UsageTable
          title={`Teams that called ${periodName(since)}`}
          field="team"
          usage={answers[0]}
          measure={measuresOf(answers[0])[0] as Measure}
          hrefOfRow={(name) => hrefOf('tenants', { team: name, since })}
          none="no team"
        />
      )}
    </>
  )
}

function Tenant({ route, operator, team }: ViewProps & { readonly team: string }) {
  const since = sinceOf(route)
  const of = (by: string) => read<Usage>('/usage', { since, by, team })
  const { answers, ...waiting } = useAnswers<readonly [Usage, Usage, Usage, Usage, { readonly limits: readonly Limit[] }]>(
    JSON.stringify([since, team]),
    () => [of('day'), of('model'), of('user'), of('key'), read<{ readonly limits: readonly Limit[] }>('/limits', { team })],
  )
  const measure = answers === undefined ? '' : (measuresOf(answers[0])[0] as Measure)
  return (
    <>
      <div class="bar-of-choices">
        <Choice label="Time" options={periodOptions(route)} />
        <div class="actions">
          <a href={hrefOf('calls', { team, since })}>Its calls</a>
          {operator.roles.includes('sessions') ? <EndSessions kind="team" name={team} /> : undefined}
        </div>
      </div>
      <h2 class="of-whom">
        Team <bdi>{team}</bdi>
        {operator.team === undefined ? (
          <a class="back" href={hrefOf('tenants', { since })}>
            All teams
          </a>
        ) : undefined}
      </h2>
      <Waiting {...waiting} />
      {answers === undefined ? undefined : (
        <>
          <TenantDays usage={answers[0]} measure={measure} />
          <LimitTable title="Its limits" limits={answers[4].limits} />
          <div class="columns">
            <UsageTable
              title={`Its models ${periodName(since)}`}
              field="model"
              usage={answers[1]}
              measure={measure}
              none="no model named"
            />
            <UsageTable title={`Its users ${periodName(since)}`} field="user" usage={answers[2]} measure={measure} none="no user" />
            <UsageTable title={`Its keys ${periodName(since)}`} field="key" usage={answers[3]} measure={measure} none="none was chosen" />
          </div>
        </>
      )}
    </>
  )
}

function TenantDays({ usage, measure }: { readonly usage: Usage; readonly measure: Measure }) {
  const days = everyDay(usage)
  if (days.length < 2) return <></>
  const value = (row: Usage['rows'][number] | undefined): number => (row === undefined ? 0 : valueOf(row, measure))
  const write = measureWriter(measure, Math.max(...days.map(({ row }) => value(row))))
  const noun = ['calls', 'tokens'].includes(measure) ? `${measure[0]?.toUpperCase() ?? ''}${measure.slice(1)}` : `${measure} spent`
  return (
    <DayChart
      title={`${noun} by day`}
      unit={measure}
      scale={write.short}
      days={days.map(({ day, row }) => ({ day, value: value(row), text: write.whole(value(row)) }))}
    />
  )
}
