import { useState } from 'preact/hooks'
import { type Call, endingOf, meaningOf } from '../call.js'
import type { ViewProps } from '../operator.js'
import { Badge } from '../parts/badge.js'
import { CallDetail } from '../parts/call-detail.js'
import { Choice } from '../parts/choice.js'
import { Name } from '../parts/name.js'
import { count, duration, utc } from '../parts/numbers.js'
import { Table } from '../parts/table.js'
import { Waiting } from '../parts/waiting.js'
import { periodName, periodOptions, sinceOf } from '../periods.js'
import { hrefOf, type Route } from '../route.js'
import { read } from '../session.js'
import type { Usage } from '../usage.js'
import { useAnswers } from '../use-answers.js'

const endings = { all: 'All', refused: 'Refused', failed: 'Failed' } as const

/** Single calls, the last ones first, with what refused them or what they failed with. */
export function Calls({ route, operator }: ViewProps) {
  const { params } = route
  const since = sinceOf(route)
  const { ended, code, team, request_id: id } = params
  // Whoever looks for one call may not know how old it is.
  const asked = id === undefined ? { since, ended, code, team, most: '200' } : { since: '89d', request_id: id }
  const { answers, ...waiting } = useAnswers<readonly [{ readonly calls: readonly Call[] }, Usage]>(
    JSON.stringify([asked, since]),
    () => [read<{ readonly calls: readonly Call[] }>('/calls', asked), read<Usage>('/usage', { since, by: 'code', team })],
    id === undefined ? 10_000 : undefined,
  )
  const calls = answers?.[0].calls ?? []
  const shown = id === undefined ? undefined : calls[0]
  return (
    <>
      <div class="bar-of-choices">
        <Choice label="Time" options={periodOptions({ ...route, params: without(params, 'request_id') })} />
        <Choice
          label="Ended"
          options={Object.entries(endings).map(([each, text]) => ({
            text,
            href: hrefOf('calls', { ...without(params, 'request_id', 'code'), ended: each === 'all' ? undefined : each }),
            isChosen: id === undefined && code === undefined && (ended ?? 'all') === each,
          }))}
        />
        <IdForm />
      </div>
      <Waiting {...waiting} />
      {answers === undefined ? undefined : id === undefined ? (
        <>
          <Reasons route={route} usage={answers[1]} />
          <CallTable calls={calls} title={titleOf(params, periodName(since))} />
        </>
      ) : shown === undefined ? (
        <p class="card empty">
          The ledger has no call with this request id. It stands in the header X-Request-ID of the answer; a call is in the ledger a moment
          after its end.
        </p>
      ) : (
        <CallDetail call={shown} mayEnd={operator.roles.includes('sessions')} />
      )}
    </>
  )
}

/** Which calls are shown, as a heading. */
function titleOf({ ended, code, team }: Route['params'], time: string): string {
  const which = Object.hasOwn(endings, ended ?? '') ? `${endings[ended as keyof typeof endings]} calls` : 'Calls'
  return [which, ...(team === undefined ? [] : [`of ${team}`]), ...(code === undefined ? [] : [`with ${code}`]), time].join(' ')
}

function without(params: Route['params'], ...names: readonly string[]): Route['params'] {
  return Object.fromEntries(Object.entries(params).filter(([name]) => !names.includes(name)))
}

/** Refusals and failures by their codes, the most first. Each leads to its calls. */
function Reasons({ route: { params }, usage }: { readonly route: Route; readonly usage: Usage }) {
  const coded = usage.rows.filter(({ code }) => code !== null && code !== undefined).toSorted((one, other) => other.calls - one.calls)
  return (
    <Table
      title="Why calls were refused or failed"
      empty="No call was refused, and none failed, in this time."
      rows={coded}
      keyOf={({ code }) => code as string}
      columns={[
        {
          head: 'Reason',
          cell: ({ code }) => (
            <a
              href={hrefOf('calls', { ...without(params, 'ended'), code: code as string })}
              aria-current={params['code'] === code ? 'true' : undefined}
            >
              <Name of={code} />
            </a>
          ),
        },
        { head: 'What it means', isWide: true, cell: ({ code }) => meaningOf(code as string)?.title ?? 'The gateway’s own words.' },
        { head: 'Calls', isNumber: true, cell: ({ calls }) => count(calls) },
      ]}
    />
  )
}

function CallTable({ title, calls }: { readonly title: string; readonly calls: readonly Call[] }) {
  return (
    <Table
      title={title}
      note={calls.length === 200 ? 'The last 200. Choose a reason or a shorter time to see others.' : undefined}
      empty="No such call in this time. Choose a longer one."
      rows={calls}
      keyOf={({ request_id: id }, index) => `${id} ${index}`}
      columns={[
        {
          head: 'Time (UTC)',
          cell: ({ start, request_id: id }) => (
            <a class="time" href={hrefOf('calls', { request_id: id })}>
              {utc(start)}
            </a>
          ),
        },
        {
          head: 'Ended',
          cell: (call) => (
            <>
              <Badge {...endingOf(call)} /> {call.code === undefined ? undefined : <span class="code">{call.code}</span>}
            </>
          ),
        },
        { head: 'Team', cell: ({ team }) => <Name of={team} none="no team" /> },
        { head: 'User', isWide: true, cell: ({ user }) => <Name of={user} none="no user" /> },
        { head: 'Model', isWide: true, cell: ({ model }) => <Name of={model} none="not named" /> },
        { head: 'Took', isNumber: true, isWide: true, cell: ({ duration_ms: ms }) => duration(ms) },
      ]}
    />
  )
}

/** Finds a call by its request id. */
function IdForm() {
  const [id, setId] = useState('')
  return (
    <form
      class="find"
      onSubmit={(event) => {
        event.preventDefault()
        if (id.trim() !== '') location.hash = hrefOf('calls', { request_id: id.trim() })
      }}
    >
      <input
        aria-label="Request id"
        value={id}
        onInput={({ currentTarget }) => setId(currentTarget.value)}
        autocomplete="off"
        spellcheck={false}
      />
      <button type="submit">Find call</button>
    </form>
  )
}
