import type { ViewProps } from '../operator.js'
import { Choice } from '../parts/choice.js'
import { DayChart } from '../parts/day-chart.js'
import { measureWriter } from '../parts/measure.js'
import { count, percent, shortCount } from '../parts/numbers.js'
import { UsageTable } from '../parts/usage-table.js'
import { Waiting } from '../parts/waiting.js'
import { periodName, periodOptions, sinceOf } from '../periods.js'
import { hrefOf, type Route } from '../route.js'
import { read } from '../session.js'
import { calls, everyDay, type Measure, measuresOf, tokens, type Usage, valueOf } from '../usage.js'
import { useAnswers } from '../use-answers.js'

/** Who spent what, by day, team, model and key. */
export function Spending({ route }: ViewProps) {
  const since = sinceOf(route)
  const { answers, ...waiting } = useAnswers<readonly [Usage, Usage, Usage, Usage]>(since, () => [
    read<Usage>('/usage', { since, by: 'day' }),
    read<Usage>('/usage', { since, by: 'team' }),
    read<Usage>('/usage', { since, by: 'model' }),
    read<Usage>('/usage', { since, by: 'key' }),
  ])
  return (
    <>
      <div class="bar-of-choices">
        <Choice label="Time" options={periodOptions(route)} />
        {answers === undefined ? undefined : <MeasureChoice route={route} usage={answers[0]} />}
      </div>
      <Waiting {...waiting} />
      {answers === undefined ? undefined : <Shown route={route} answers={answers} />}
    </>
  )
}

/** The measure of a route: money, if there is any and nothing else was chosen. */
function measureOf({ params }: Route, usage: Usage): Measure {
  const known = measuresOf(usage)
  return known.find((measure) => measure === params['of']) ?? (known[0] as Measure)
}

function MeasureChoice({ route, usage }: { readonly route: Route; readonly usage: Usage }) {
  const chosen = measureOf(route, usage)
  const names: Readonly<Record<string, string>> = { [tokens]: 'Tokens', [calls]: 'Calls' }
  return (
    <Choice
      label="Counted in"
      options={measuresOf(usage).map((measure) => ({
        text: names[measure] ?? measure,
        href: hrefOf(route.name, { ...route.params, of: measure }),
        isChosen: measure === chosen,
      }))}
    />
  )
}

function Shown({
  route,
  answers: [byDay, byTeam, byModel, byKey],
}: {
  readonly route: Route
  readonly answers: readonly [Usage, Usage, Usage, Usage]
}) {
  const measure = measureOf(route, byDay)
  const since = sinceOf(route)
  const days = everyDay(byDay)
  const write = measureWriter(measure, Math.max(...days.map(({ row }) => (row === undefined ? 0 : valueOf(row, measure)))))
  const { total } = byDay
  const noun = measure === tokens ? 'Tokens' : measure === calls ? 'Calls' : `${measure} spent`
  return (
    <>
      <dl class="totals">
        {Object.entries(total.cost).map(([unit, amount]) => (
          <div key={unit}>
            <dt>Spent</dt>
            <dd title={`${amount} ${unit}`}>
              {measureWriter(unit, Number(amount)).number(Number(amount))} <small>{unit}</small>
            </dd>
          </div>
        ))}
        <div>
          <dt>Calls</dt>
          <dd>{count(total.calls)}</dd>
        </div>
        <div>
          <dt>Tokens</dt>
          <dd title={count(total.input + total.output)}>{shortCount(total.input + total.output)}</dd>
        </div>
        <div class={total.refused > 0 ? 'warned' : ''}>
          <dt>Refused</dt>
          <dd>
            {count(total.refused)} <small>{total.calls === 0 ? '' : percent(total.refused / total.calls)}</small>
          </dd>
        </div>
        <div class={total.failed > 0 ? 'warned' : ''}>
          <dt>Failed at a gateway</dt>
          <dd>
            {count(total.failed)} <small>{total.calls === 0 ? '' : percent(total.failed / total.calls)}</small>
          </dd>
        </div>
      </dl>
      {days.length > 1 ? (
        <DayChart
          title={`${noun} by day`}
          unit={measure === tokens ? 'Tokens' : measure === calls ? 'Calls' : measure}
          scale={write.short}
          days={days.map(({ day, row }) => {
            const value = row === undefined ? 0 : valueOf(row, measure)
            return { day, value, text: write.whole(value) }
          })}
        />
      ) : undefined}
      <div class="columns">
        <UsageTable
          title={`Teams ${periodName(since)}`}
          field="team"
          usage={byTeam}
          measure={measure}
          hrefOfRow={(team) => hrefOf('tenants', { team, since })}
          none="no team"
        />
        <UsageTable title={`Models ${periodName(since)}`} field="model" usage={byModel} measure={measure} none="no model named" />
        <UsageTable
          title={`Keys ${periodName(since)}`}
          field="key"
          usage={byKey}
          measure={measure}
          none="no key: refused before one was chosen"
        />
      </div>
      {total.estimated > 0 || total.without_cost > 0 ? (
        <p class="note">
          {total.estimated > 0
            ? `Of ${count(total.estimated)} calls the gateway reported nothing or a part; what limits booked or prices say stands here. `
            : ''}
          {total.without_cost > 0 ? `The cost of ${count(total.without_cost)} calls is not known and not among the amounts.` : ''}
        </p>
      ) : undefined}
    </>
  )
}
