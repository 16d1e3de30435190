import { inTransaction, type SqliteFile } from '../in-transaction.js'
import { dayMs } from '../../ledger/day.js'
import { addToSums } from './measures.js'
import { attemptsOf, cleaner, columns, isDoubtful, namesOf, timePlace, valuesOf } from '../../ledger/row-values.js'
import { createKnownCalls } from './known-calls.js'

/** The most combinations of names whose ids are remembered. */
const maxKnown = 50_000

/** Writes groups of rows, each wholly or not at all. */
export interface GroupWriter {
  /** @param text The rows as JSON: an array of what `rowOf` gives. @throws the error of SQLite; then nothing is written. */
  write(text: string): void
  /** Forgets the ids of names, after some were deleted. */
  forget(): void
}

export function createGroupWriter(database: SqliteFile): GroupWriter {
  const known = new Map<string, { readonly id: number; readonly day: number }>()
  const all = ['id', 'who', ...columns.map(([name]) => name)]
  const insertCalls = database.prepare(
    `INSERT INTO calls (${all.join(', ')}) SELECT ${all.map((_, place) => `value ->> ${place}`).join(', ')} FROM json_each(?)`,
  )
  const insertAttempts = database.prepare(
    'INSERT OR IGNORE INTO attempts (call, attempt, code) SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)',
  )
  const knownCalls = createKnownCalls(database)
  const lastId = database.prepare('SELECT ifnull(max(id), 0) FROM calls').raw()
  const addSums = database.prepare(addToSums('id > ?'))
  const findWho = database
    .prepare(
      `INSERT INTO who (user, team, project, key, gateway, model, last_day) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (user, team, project, key, gateway, model) DO UPDATE SET last_day = max(last_day, excluded.last_day) RETURNING id`,
    )
    .raw()

  function whoOf(names: readonly string[], day: number): number {
    const key = JSON.stringify(names)
    const found = known.get(key)
    if (found !== undefined && found.day >= day) return found.id
    const [id] = findWho.all(...names, day)[0] as [number]
    if (known.size >= maxKnown) known.clear()
    known.set(key, { id, day })
    return id
  }

  return {
    write(text) {
      try {
        inTransaction(database, () => {
          const attempts: unknown[] = []
          const clean = cleaner(text.includes('\\u'))
          const fresh = (JSON.parse(text) as unknown[][])
            .map((given) => ({ given, values: valuesOf(given, clean) }))
            .filter(({ given, values }) => !isDoubtful(given) || knownCalls.makeRoom(values))
          const [last] = lastId.get() as [number]
          const rows = fresh.map(({ given, values }, index) => {
            const names = namesOf(given, clean)
            const id = last + 1 + index
            for (const [attempt, code] of attemptsOf(given)) attempts.push([id, attempt, code])
            return [id, whoOf(names, Math.floor((values[timePlace] as number) / dayMs)), ...values]
          })
          insertCalls.run(JSON.stringify(rows))
          if (attempts.length > 0) insertAttempts.run(JSON.stringify(attempts))
          addSums.run(last)
        })
      } catch (error) {
        // Ids that the failed transaction gave are not in the file.
        known.clear()
        throw error
      }
    },
    forget: () => known.clear(),
  }
}
