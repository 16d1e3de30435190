/** A row of the admin listener's answer about usage. */
export interface UsageRow {
  readonly user?: string | null
  readonly team?: string | null
  readonly project?: string | null
  readonly key?: string | null
  readonly model?: string | null
  readonly workflow?: string | null
  readonly code?: string | null
  readonly day?: string
  readonly calls: number
  readonly failed: number
  readonly refused: number
  readonly input: number
  readonly output: number
  readonly estimated: number
  readonly without_cost: number
  readonly cost: Readonly<Record<string, string>>
}

/** The admin listener's answer about usage. */
export interface Usage {
  readonly since: string
  readonly until: string
  readonly rows: readonly UsageRow[]
  readonly total: UsageRow
}

/** A number that usage is shown by: a unit of money, or one of these two. */
export type Measure = string
export const [tokens, calls] = ['tokens', 'calls'] as const

/** The measures of an answer: money first. */
export function measuresOf({ total }: Usage): readonly Measure[] {
  return [...Object.keys(total.cost), tokens, calls]
}

/** What a row has of a measure. */
export function valueOf(row: UsageRow, measure: Measure): number {
  if (measure === tokens) return row.input + row.output
  return measure === calls ? row.calls : Number(row.cost[measure] ?? 0)
}

/** Each day from the first to the last, also those without a call. */
export function everyDay({ since, until, rows }: Usage): readonly { readonly day: string; readonly row: UsageRow | undefined }[] {
  const byDay = new Map(rows.map((row) => [row.day, row]))
  const days = []
  for (let at = Date.parse(since.slice(0, 10)); at < Date.parse(until); at += 86_400_000) {
    const day = new Date(at).toISOString().slice(0, 10)
    days.push({ day, row: byDay.get(day) })
  }
  return days
}
