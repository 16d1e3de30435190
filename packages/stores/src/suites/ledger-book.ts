import {
  type CallEnding,
  type EntryKeeping,
  type KeptCall,
  type Ledger,
  type LedgerEntry,
  type LedgerReader,
  toBillionths,
  type UsageField,
  type UsageQuestion,
  type UsageRow,
  type WorkflowCall,
} from '@postern/ports'

/** What is appended to, and what answers questions about it. */
export interface KeptLedger {
  readonly ledger: Ledger
  readonly reader: LedgerReader
}

/** A ledger in memory that adds up each question anew from all entries: slow, and plain enough to compare others with. */
export function createLedgerBook(): KeptLedger {
  const entries: LedgerEntry[] = []
  let appending: Promise<unknown> = Promise.resolve()
  const appendKept = async (entry: LedgerEntry, { booked, done, mayBeThere }: EntryKeeping): Promise<void> => {
    await booked
    const place = entries.findIndex((other) => other.time === entry.time && callOfId(other.request_id) === callOfId(entry.request_id))
    if (!mayBeThere() || place === -1) entries.push(entry)
    else if (entries[place]?.finish === 'interrupted' && entry.finish !== 'interrupted') entries[place] = entry
    done()
  }
  const calls = (): readonly LedgerEntry[] => entries.filter(({ own }) => own !== true)
  return {
    ledger: {
      keeps: true,
      append: (entry, keeping) => {
        if (keeping === undefined) entries.push(entry)
        else appending = Promise.all([appending, appendKept(entry, keeping)])
      },
      flush: async () => void (await appending),
    },
    reader: {
      usage(question, progress) {
        progress?.(1)
        return Promise.resolve(usageOf(calls(), question))
      },
      workflow(id, { team } = {}) {
        const found = calls()
          .filter((entry) => entry.workflow === id && (team === undefined || (entry.team ?? '') === team))
          .toSorted((one, other) => Date.parse(one.time) - Date.parse(other.time))
        return Promise.resolve({ calls: found.slice(0, 10_000).map(callOf), total: found.length })
      },
      calls({ sinceMs, untilMs, only = {}, ended, requestId, most }) {
        const found = calls().filter((entry) => {
          const isMeant = Object.entries(only).every(([field, value]) => valueOf(entry, field as UsageField) === value)
          const isEnded = ended === undefined || endings[ended].some((finish) => finish === entry.finish)
          const time = Date.parse(entry.time)
          return time >= sinceMs && time < untilMs && isMeant && isEnded && (requestId === undefined || entry.request_id === requestId)
        })
        const last = found.toReversed().toSorted((one, other) => Date.parse(other.time) - Date.parse(one.time))
        return Promise.resolve(last.slice(0, most).map(keptCallOf))
      },
      close: () => Promise.resolve(),
    },
  }
}

const endings = { refused: ['refused'], failed: ['upstream_error', 'truncated', 'interrupted'] } as const satisfies Record<
  CallEnding,
  readonly string[]
>

function callOfId(requestId: string): string {
  return requestId.slice(0, requestId.lastIndexOf('.'))
}

/** Estimates stand in place of reports: those were of nothing, or of a part alone. */
function usageIn({ usage, estimated }: LedgerEntry): Partial<Record<'input' | 'output' | 'cached' | 'reasoning', number | undefined>> {
  return { ...usage, input: estimated?.input ?? usage?.input, output: estimated?.output ?? usage?.output }
}

function costOf({ cost, estimated }: LedgerEntry): LedgerEntry['cost'] {
  return estimated?.cost ?? cost
}

function valueOf(entry: LedgerEntry, field: UsageField): string {
  if (field === 'day') return new Date(entry.time).toISOString().slice(0, 10)
  if (field === 'model') return entry.model ?? entry.model_requested ?? ''
  return entry[field] ?? ''
}

function usageOf(entries: readonly LedgerEntry[], { by, only = {}, sinceMs, untilMs }: UsageQuestion): readonly UsageRow[] {
  const groups = new Map<string, LedgerEntry[]>()
  for (const entry of entries) {
    const time = Date.parse(entry.time)
    const isMeant = Object.entries(only).every(([field, value]) => valueOf(entry, field as UsageField) === value)
    if (time < sinceMs || time >= untilMs || !isMeant) continue
    const key = JSON.stringify(by.map((field) => valueOf(entry, field)))
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [entry])
    else group.push(entry)
  }
  return [...groups]
    .map(([key, group]) => ({ values: JSON.parse(key) as string[], group }))
    .toSorted((one, other) => compare(one.values, other.values))
    .map(({ values, group }) => rowOf(by, values, group))
}

function rowOf(by: readonly UsageField[], values: readonly string[], group: readonly LedgerEntry[]): UsageRow {
  const count = (fits: (entry: LedgerEntry) => boolean): number => group.filter(fits).length
  const sum = (kind: 'input' | 'output' | 'cached' | 'reasoning'): number =>
    group.reduce((total, entry) => total + (usageIn(entry)[kind] ?? 0), 0)
  const costs = new Map<string, bigint>()
  for (const entry of group) {
    const cost = costOf(entry)
    if (cost !== undefined) costs.set(cost.unit, (costs.get(cost.unit) ?? 0n) + BigInt(toBillionths(cost.amount) ?? 0))
  }
  return {
    group: Object.fromEntries(by.flatMap((field, index) => (values[index] === '' ? [] : [[field, values[index]]]))),
    calls: group.length,
    failed: count(({ finish }) => finish === 'upstream_error' || finish === 'truncated' || finish === 'interrupted'),
    refused: count(({ finish }) => finish === 'refused'),
    input: sum('input'),
    output: sum('output'),
    cached: sum('cached'),
    reasoning: sum('reasoning'),
    costs: [...costs].map(([unit, amount]) => ({ unit, amount })).toSorted((one, other) => (one.unit < other.unit ? -1 : 1)),
    estimated: count(({ estimated }) => estimated !== undefined),
    withoutUsage: count((entry) => entry.attempt > 0 && usageIn(entry).input === undefined && usageIn(entry).output === undefined),
    withoutCost: count((entry) => entry.attempt > 0 && costOf(entry) === undefined),
  }
}

function callOf(entry: LedgerEntry): WorkflowCall {
  const [usage, cost] = [usageIn(entry), costOf(entry)]
  const call = {
    requestId: entry.request_id,
    step: entry.step,
    parentStep: entry.parent_step,
    startMs: Date.parse(entry.time),
    durationMs: entry.duration_ms,
    user: entry.user,
    team: entry.team,
    project: entry.project,
    key: entry.key,
    gateway: entry.gateway,
    model: entry.model ?? entry.model_requested,
    status: entry.status,
    code: entry.code,
    finish: entry.finish,
    earlier: (entry.earlier ?? []).map(({ attempt, code }) => ({ attempt, code })),
    input: usage.input,
    output: usage.output,
    cost: cost === undefined ? undefined : { unit: cost.unit, amount: BigInt(toBillionths(cost.amount) ?? 0) },
    estimated: entry.estimated === undefined ? undefined : (true as const),
  }
  return Object.fromEntries(Object.entries(call).filter(([, value]) => value !== undefined)) as unknown as WorkflowCall
}

function keptCallOf(entry: LedgerEntry): KeptCall {
  const { workflow, method, path, via, caller } = entry
  const further = Object.fromEntries(Object.entries({ workflow, via, caller }).filter(([, value]) => value !== undefined))
  return { ...callOf(entry), ...further, method, path }
}

function compare(one: readonly string[], other: readonly string[]): number {
  const place = one.findIndex((value, index) => value !== other[index])
  return place === -1 ? 0 : (one[place] as string) < (other[place] as string) ? -1 : 1
}
