import { useState } from 'preact/hooks'
import type { ViewProps } from '../operator.js'
import { Name } from '../parts/name.js'
import { duration, moneyWriter, percent } from '../parts/numbers.js'
import { ShareBar } from '../parts/share-bar.js'
import { Table } from '../parts/table.js'
import { Waiting } from '../parts/waiting.js'
import { hrefOf } from '../route.js'
import { read } from '../session.js'
import type { Usage } from '../usage.js'
import { useAnswers } from '../use-answers.js'

/** A limit as the admin listener tells of it. */
export interface Limit {
  readonly path: string
  readonly name: string
  readonly unit: string
  readonly limit: number
  readonly each?: string
  readonly per?: string
  readonly model?: string
  readonly booked?: number
  readonly held?: number
  readonly left?: number
  readonly resets_in?: number
}

const fields = ['team', 'project', 'user', 'model'] as const

/** The limits that count a caller, with what is left of each. */
export function Limits({ route }: ViewProps) {
  const { params } = route
  const asked = Object.fromEntries(fields.map((field) => [field, params[field]]))
  const isAsked = Object.values(asked).some((value) => value !== undefined)
  const { answers, ...waiting } = useAnswers<readonly [Usage, { readonly limits: readonly Limit[] } | undefined]>(
    JSON.stringify(asked),
    () => [
      read<Usage>('/usage', { since: '29d', by: 'team' }),
      isAsked ? read<{ readonly limits: readonly Limit[] }>('/limits', asked) : Promise.resolve(undefined),
    ],
    isAsked ? 5000 : undefined,
  )
  const teams = answers?.[0].rows.flatMap(({ team }) => (team === null || team === undefined ? [] : [team])) ?? []
  return (
    <>
      <CallerForm asked={asked} />
      {teams.length === 0 ? undefined : (
        <nav class="chips" aria-label="Teams that called in 30 days">
          {teams.slice(0, 24).map((team) => (
            <a key={team} href={hrefOf('limits', { team })} aria-current={params['team'] === team ? 'true' : undefined}>
              <Name of={team} />
            </a>
          ))}
        </nav>
      )}
      <Waiting {...waiting} />
      {answers?.[1] === undefined ? (
        <p class="empty card">Choose a team, or name a caller, to see which limits count it and what is left of each.</p>
      ) : (
        <LimitTable title="Limits of this caller" limits={answers[1].limits} />
      )}
    </>
  )
}

function CallerForm({ asked }: { readonly asked: Readonly<Record<string, string | undefined>> }) {
  const [written, setWritten] = useState<Readonly<Record<string, string>>>({})
  return (
    <form
      class="card caller"
      onSubmit={(event) => {
        event.preventDefault()
        location.hash = hrefOf('limits', { ...asked, ...written })
        setWritten({})
      }}
    >
      {fields.map((field) => (
        <label key={field}>
          {`${field[0]?.toUpperCase() ?? ''}${field.slice(1)}`}
          <input
            value={written[field] ?? asked[field] ?? ''}
            onInput={({ currentTarget: { value } }) => setWritten({ ...written, [field]: value })}
            autocomplete="off"
            spellcheck={false}
          />
        </label>
      ))}
      <button type="submit">Show limits</button>
    </form>
  )
}

/** Limits with what is left. */
export function LimitTable({ title, limits }: { readonly title: string; readonly limits: readonly Limit[] }) {
  return (
    <Table
      title={title}
      note="Windows begin in UTC by the clock of the store. Held is what calls under way have set aside."
      empty="No limit counts this caller, or no key is bound to it. limits.rules in the configuration makes one."
      rows={limits}
      keyOf={({ path }) => path}
      columns={[
        { head: 'Limit', cell: ({ name, model }) => (model === undefined ? <Name of={name} /> : <Name of={`${name} (${model})`} />) },
        {
          head: 'Counts',
          cell: ({ each, per }) => `${each === undefined ? 'all together' : `each ${each}`}${per === undefined ? '' : `, per ${per}`}`,
        },
        {
          head: 'Left',
          isNumber: true,
          cell: (limit) => (limit.left === undefined ? <span class="none">of each one</span> : inUnit(limit, limit.left)),
        },
        {
          head: 'Used',
          cell: ({ limit, left }) =>
            left === undefined ? undefined : (
              <span class="shared">
                <ShareBar share={1 - left / limit} isBad={left / limit < 0.1} />
                <span class="percent">{percent(1 - left / limit)}</span>
              </span>
            ),
        },
        { head: 'Of', isNumber: true, cell: (limit) => inUnit(limit, limit.limit) },
        {
          head: 'Held',
          isNumber: true,
          isWide: true,
          cell: (limit) => (limit.held === undefined || limit.held === 0 ? '' : inUnit(limit, limit.held)),
        },
        {
          head: 'Begins anew in',
          isNumber: true,
          isWide: true,
          cell: ({ resets_in: seconds }) => (seconds === undefined ? '' : duration(seconds * 1000)),
        },
      ]}
    />
  )
}

function inUnit({ unit, limit }: Limit, amount: number): string {
  const isCounted = ['requests', 'tokens', 'streams'].includes(unit)
  return `${isCounted ? amount.toLocaleString('en') : moneyWriter(limit)(amount)} ${unit}`
}
