import { type Call, durationOf, endingOf } from '../call.js'
import { hrefOf } from '../route.js'
import { Badge } from './badge.js'
import { Name } from './name.js'
import { count, duration, moneyWriter, utc } from './numbers.js'
import { Table } from './table.js'

/** How many calls are drawn at most. */
const maxDrawn = 500

/** How deep a step stands below its parents at most; what lies deeper stands at that depth. */
const maxDepth = 6

/** The calls of a workflow in time: a bar for each, below one another in the order of their arrival. The slowest is marked. */
export function Timeline({ calls, total }: { readonly calls: readonly Call[]; readonly total: number }) {
  const drawn = calls.slice(0, maxDrawn)
  const begin = Math.min(...drawn.map(({ start }) => Date.parse(start)))
  const end = Math.max(...drawn.map(({ start, duration_ms: ms }) => Date.parse(start) + ms))
  const span = Math.max(1, end - begin)
  const slowest = slowestOf(drawn)
  const depths = depthsOf(drawn)
  const write = moneyWriter(Math.max(0, ...drawn.map(({ cost }) => Number(cost?.amount ?? 0))))
  return (
    <Table
      title={drawn.length === 0 ? 'Steps' : `Steps: ${duration(end - begin)} from ${utc(begin)} UTC`}
      note={total > drawn.length ? `The first ${count(drawn.length)} of ${count(total)} calls.` : undefined}
      empty="The ledger has no call of this workflow any more."
      rows={drawn}
      keyOf={({ request_id: id }, index) => `${id} ${index}`}
      columns={[
        {
          head: 'Step',
          cell: ({ step, request_id: id }) => (
            <a class={`depth-${depths.get(step ?? '') ?? 0}`} href={hrefOf('calls', { request_id: id })}>
              <Name of={step} none="no step" />
            </a>
          ),
        },
        {
          head: 'When',
          isPicture: true,
          cell: (call) => (
            <svg class="line" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
              <rect class="whole" width="100" height="10" />
              <rect
                class={call === slowest && drawn.length > 1 ? 'part slowest' : 'part'}
                x={((Date.parse(call.start) - begin) / span) * 100}
                width={Math.max(0.6, (call.duration_ms / span) * 100)}
                height="10"
              />
            </svg>
          ),
        },
        {
          head: 'Took',
          isNumber: true,
          cell: (call) => (
            <>
              {call === slowest && drawn.length > 1 ? <Badge text="slowest" tone="warn" /> : undefined}{' '}
              {durationOf(call) === undefined ? 'not known' : duration(call.duration_ms)}
            </>
          ),
        },
        { head: 'Began after', isNumber: true, isWide: true, cell: ({ start }) => duration(Date.parse(start) - begin) },
        {
          head: 'Cost',
          isNumber: true,
          isWide: true,
          cell: ({ cost, estimated }) => (cost === undefined ? '' : `${estimated === true ? '≈ ' : ''}${write(cost.amount)} ${cost.unit}`),
        },
        { head: 'Model', isWide: true, cell: ({ model }) => <Name of={model} none="not named" /> },
        {
          head: 'Ended',
          cell: (call) => (
            <>
              <Badge {...endingOf(call)} /> {call.code === undefined ? undefined : <span class="code">{call.code}</span>}
            </>
          ),
        },
      ]}
    />
  )
}

/** The call that took longest; `undefined`: of none it is known that it took any time. How long a call took whose process died, nobody knows. */
function slowestOf(calls: readonly Call[]): Call | undefined {
  let slowest: Call | undefined
  let longestMs = 0
  for (const call of calls) {
    const ms = durationOf(call) ?? 0
    if (ms <= longestMs) continue
    longestMs = ms
    slowest = call
  }
  return slowest
}

/** How many parents each step has above it. A circle of parents ends at {@link maxDepth}. */
function depthsOf(calls: readonly Call[]): ReadonlyMap<string, number> {
  const parents = new Map(calls.map(({ step, parent_step: parent }) => [step ?? '', parent]))
  return new Map(
    [...parents.keys()].map((step) => {
      let depth = 0
      for (let at = parents.get(step); at !== undefined && parents.has(at) && depth < maxDepth; at = parents.get(at)) depth += 1
      return [step, depth]
    }),
  )
}
