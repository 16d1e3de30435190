import type { ViewProps } from '../operator.js'
import { Badge } from '../parts/badge.js'
import { Confirm } from '../parts/confirm.js'
import { Name } from '../parts/name.js'
import { count } from '../parts/numbers.js'
import { Stages } from '../parts/stages.js'
import { type Column, Table } from '../parts/table.js'
import { Waiting } from '../parts/waiting.js'
import { hrefOf } from '../route.js'
import { read } from '../session.js'
import type { Usage } from '../usage.js'
import { useAnswers } from '../use-answers.js'

/** A key, as the admin listener tells it. */
interface Key {
  readonly alias: string
  readonly gateway: string
  readonly from: string
  readonly bindings: readonly string[]
  readonly rotation?: string
  readonly expires?: string
  readonly trouble?: string
  readonly notice?: string
  readonly source?: { readonly reason: string; readonly since: string; readonly unavailable: boolean }
}

interface Keys {
  readonly keys: readonly Key[]
  readonly after?: string
}

const noRing: Keys = { keys: [] }

/** The keys of the configuration and of the ring, how they are, and how far their rotations are. */
export function KeysView({ operator: { roles } }: ViewProps) {
  const mayRing = roles.includes('keys')
  const { answers, ...waiting } = useAnswers<readonly [Keys, Usage, Keys]>('keys', () => [
    read<Keys>('/keys/configured'),
    read<Usage>('/usage', { since: '6d', by: 'key', code: 'gateway_key_rejected' }).catch(() => ({
      since: '',
      until: '',
      rows: [] as never[],
      total: undefined as never,
    })),
    // Without a ring the admin listener has no such question.
    mayRing ? read<Keys>('/keys', { most: '500' }).catch(() => noRing) : Promise.resolve(noRing),
  ])
  if (answers === undefined) return <Waiting {...waiting} />
  const rejected = new Map(answers[1].rows.map(({ key, calls }) => [key ?? '', calls]))
  const columns: readonly Column<Key>[] = [
    { head: 'Key', cell: ({ alias }) => <Name of={alias} /> },
    { head: 'State', cell: (key) => <State of={key} rejected={rejected.get(key.alias) ?? 0} /> },
    { head: 'Gateway', isWide: true, cell: ({ gateway }) => <Name of={gateway} none="not readable" /> },
    {
      head: 'Used by',
      cell: ({ bindings }) => (bindings.length === 0 ? <span class="none">nobody</span> : <Name of={bindings.join(', ')} />),
    },
    { head: 'Secret is in', isWide: true, cell: ({ from }) => <Name of={from} /> },
    { head: 'Expires', isWide: true, cell: ({ expires = '' }) => <span class="time">{expires.slice(0, 10)}</span> },
  ]
  return (
    <>
      <Waiting {...waiting} />
      <Table
        title="Keys of the configuration"
        note="They are changed in the configuration and taken with a reload."
        empty="The configuration has no keys."
        rows={answers[0].keys}
        keyOf={({ alias }) => alias}
        columns={columns}
      />
      <Table
        title="Keys of the ring"
        note={answers[2].after === undefined ? undefined : 'The first 500. postern keys list --after shows others.'}
        empty={
          mayRing
            ? 'The ring has no keys. postern keys add puts one in; keyRing.masterKeys in the configuration makes a ring.'
            : 'The console’s credential lacks the role keys, which shows the ring.'
        }
        rows={answers[2].keys}
        keyOf={({ alias }) => alias}
        columns={[
          ...columns.filter(({ head }) => head !== 'Secret is in'),
          { head: 'Rotation', cell: ({ rotation }) => <Stages rotation={rotation} /> },
          {
            head: 'Change',
            cell: ({ alias }) => (
              <Confirm
                label="Retire …"
                title="Retire this key"
                effect="It is removed from the ring, in every process within a second. A key that callers still use is not removed: unbind it first."
                alias={alias}
                path="/keys/retire"
                named={{ alias }}
                done="Retired. The audit has a line with your credential’s name."
                onDone={waiting.again}
              />
            ),
          },
        ]}
      />
    </>
  )
}

function State({ of: { source, trouble, notice }, rejected }: { readonly of: Key; readonly rejected: number }) {
  if (rejected > 0)
    return (
      <>
        <Badge text="rejected" tone="bad" />{' '}
        <a href={hrefOf('calls', { code: 'gateway_key_rejected' })}>
          {count(rejected)} {rejected === 1 ? 'call' : 'calls'} in 7 days
        </a>
      </>
    )
  if (source !== undefined)
    return (
      <>
        <Badge text={source.unavailable ? 'unavailable' : 'source lost'} tone="bad" /> <Name of={source.reason} />
      </>
    )
  if (trouble !== undefined)
    return (
      <>
        <Badge text="trouble" tone="bad" /> <Name of={trouble} />
      </>
    )
  if (notice !== undefined)
    return (
      <>
        <Badge text="due" tone="warn" /> <Name of={notice} />
      </>
    )
  return <Badge text="no trouble" tone="plain" />
}
