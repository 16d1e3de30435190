import { dayMs } from '../../ledger/day.js'
import type { Row } from '../../ledger/row.js'
import { attemptsOf, cleaner, countedOf, namesOf, timePlace, valuesOf } from '../../ledger/row-values.js'
import { digestKey } from '../../digest-key.js'

/** What `append_calls` is given: combinations of names, and rows, as JSON. */
export interface GroupText {
  readonly names: string
  readonly rows: string
}

/** The most combinations of names whose digests are remembered. */
const maxKnown = 50_000

/** Writes groups of rows in the form that the function `append_calls` of the migrations takes. */
export function createGroupWriter(): (group: readonly Row[]) => GroupText {
  const digests = new Map<string, string>()

  function digestOf(key: string): string {
    let digest = digests.get(key)
    if (digest !== undefined) return digest
    if (digests.size >= maxKnown) digests.clear()
    digests.set(key, (digest = digestKey(key)))
    return digest
  }

  function write(group: readonly Row[], clean: (text: string) => string): GroupText {
    const found = new Map<string, { readonly names: readonly string[]; day: number }>()
    const rows = group.map((row) => {
      const names = namesOf(row, clean)
      const values = valuesOf(row, clean)
      const day = Math.floor((values[timePlace] as number) / dayMs)
      const digest = digestOf(JSON.stringify(names))
      const known = found.get(digest)
      if (known === undefined) found.set(digest, { names, day })
      else known.day = Math.max(known.day, day)
      return [digest, ...values, attemptsOf(row).map(([attempt, code]) => [attempt, clean(code)]), countedOf(row)]
    })
    return {
      names: JSON.stringify([...found].map(([digest, { names, day }]) => [digest, ...names, day])),
      rows: JSON.stringify(rows),
    }
  }

  return (group) => {
    const text = write(group, cleaner(false))
    // JSON escapes what PostgreSQL does not keep. It is rare, so only then each text is looked at.
    return text.rows.includes('\\u') || text.names.includes('\\u') ? write(group, cleaner(true)) : text
  }
}
