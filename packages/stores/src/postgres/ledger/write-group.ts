import { dayMs } from '../../ledger/day.js'
import type { Row } from '../../ledger/row.js'
import { attemptsOf, cleaner, namesOf, timePlace, valuesOf } from '../../ledger/row-values.js'
import { digestKey } from '../../digest-key.js'

/** What `append_calls` is given: combinations of names, and rows, as JSON. */
export interface GroupText {
  readonly names: string
  readonly rows: string
}

/** Writes a group of rows in the form that the function `append_calls` of the migrations takes. */
export function writeGroup(group: readonly Row[]): GroupText {
  const clean = cleaner(true)
  const known = new Map<string, { readonly digest: string; readonly names: readonly string[]; day: number }>()
  const rows = group.map((row) => {
    const names = namesOf(row, clean)
    const values = valuesOf(row, clean)
    const day = Math.floor((values[timePlace] as number) / dayMs)
    const key = JSON.stringify(names)
    let found = known.get(key)
    if (found === undefined) known.set(key, (found = { digest: digestKey(key), names, day }))
    found.day = Math.max(found.day, day)
    return [found.digest, ...values, attemptsOf(row).map(([attempt, code]) => [attempt, clean(code)])]
  })
  return {
    names: JSON.stringify([...known.values()].map(({ digest, names, day }) => [digest, ...names, day])),
    rows: JSON.stringify(rows),
  }
}
