import { useState } from 'preact/hooks'
import type { ViewProps } from '../operator.js'
import { Badge } from '../parts/badge.js'
import { Confirm } from '../parts/confirm.js'
import { Facts } from '../parts/facts.js'
import { Name } from '../parts/name.js'
import { utc } from '../parts/numbers.js'
import { Table } from '../parts/table.js'
import { Waiting } from '../parts/waiting.js'
import { read } from '../session.js'
import { useAnswers } from '../use-answers.js'

/** How the process is, as the admin listener tells it. */
interface Readiness {
  readonly status: string
  readonly because?: string
  readonly impaired: readonly { readonly part: string; readonly since: string; readonly reason: string }[]
}

/** What a reload came to. */
interface Reloaded {
  readonly taken: boolean
  readonly changes?: readonly { readonly path: string; readonly what: string; readonly laxer: boolean }[]
  readonly problems?: readonly { readonly path: string; readonly reason: string; readonly fix: string }[]
}

/** Whether the process is ready, what is impaired, and having its configuration read again. */
export function ProcessView({ operator }: ViewProps) {
  const { answers, ...waiting } = useAnswers<readonly [Readiness]>('readiness', () => [read<Readiness>('/readiness')], 1000)
  const [reloaded, setReloaded] = useState<Reloaded>()
  const readiness = answers?.[0]
  return (
    <>
      <Waiting fault={waiting.fault} again={waiting.again} progress={readiness === undefined ? { done: 0, of: 1 } : undefined} />
      {readiness === undefined ? undefined : (
        <>
          <section class="card" aria-label="State">
            <header class="card-head">
              <h2>State</h2>
              <Badge text={readiness.status} tone={readiness.status === 'ready' ? 'good' : 'bad'} />
            </header>
            <Facts
              facts={[
                ['Refuses every call, because of', readiness.because],
                ['The console’s credential', <Name key="name" of={operator.name} />],
                ['Its roles', operator.roles.join(', ')],
              ]}
            />
            {operator.roles.includes('config') ? (
              <div class="actions">
                <Confirm
                  label="Read the configuration again …"
                  title="Read the configuration again"
                  effect="The process reads its file, variables and secrets, and takes them together or not at all. Calls under way end as they began."
                  alias="reload"
                  path="/reload"
                  named={{}}
                  done="The process has answered; close this to see what it found."
                  onDone={(answer) => setReloaded(answer as Reloaded)}
                />
              </div>
            ) : undefined}
          </section>
          {reloaded === undefined ? undefined : <ReloadResult of={reloaded} />}
          <Table
            title="What is impaired"
            note="Looked at every second."
            empty="Nothing is impaired."
            rows={readiness.impaired}
            keyOf={({ part }) => part}
            columns={[
              { head: 'Part', cell: ({ part }) => <Badge text={part} tone="bad" /> },
              { head: 'Since (UTC)', cell: ({ since }) => <span class="time">{utc(since)}</span> },
              { head: 'Why', cell: ({ reason }) => <Name of={reason} /> },
            ]}
          />
        </>
      )}
    </>
  )
}

function ReloadResult({ of: { taken, changes = [], problems = [] } }: { readonly of: Reloaded }) {
  if (!taken)
    return (
      <Table
        title="The configuration was not taken; the one from before stays in use"
        empty="The log says why."
        rows={problems}
        keyOf={({ path }, index) => `${path} ${index}`}
        columns={[
          { head: 'Where', cell: ({ path }) => <Name of={path} none="the file" /> },
          { head: 'What is wrong', cell: ({ reason }) => <Name of={reason} /> },
          { head: 'What to write', cell: ({ fix }) => <Name of={fix} /> },
        ]}
      />
    )
  return (
    <Table
      title="The configuration was taken"
      empty="Nothing is different."
      rows={changes}
      keyOf={({ path }, index) => `${path} ${index}`}
      columns={[
        { head: 'Setting', cell: ({ path }) => <Name of={path} /> },
        { head: 'Change', cell: ({ what }) => <Name of={what} /> },
        { head: 'Meaning', cell: ({ laxer }) => (laxer ? <Badge text="may let more through" tone="warn" /> : '') },
      ]}
    />
  )
}
