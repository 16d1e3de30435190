import { toBillionths } from '@postern/ports'
import { inTransaction, type SqliteFile } from '../in-transaction.js'
import { addToSums, dayMs } from './measures.js'
import { nameCount } from './row.js'

/** The most characters of one text, and the most tokens of one call: a gateway's answer may say anything. */
const maxTextChars = 512
const maxTokens = 1_000_000_000_000

/** The most combinations of names whose ids are remembered. */
const maxKnown = 50_000

/** The columns of `calls` that come from the process, in the order of `rowOf`. Whole numbers are checked, and others must be finite. */
const columns: readonly (readonly [name: string, form: 'text' | 'required' | 'whole' | 'tokens' | 'cost' | 'real'])[] = [
  ['time', 'whole'],
  ['request_id', 'required'],
  ['attempt', 'whole'],
  ['workflow', 'text'],
  ['step', 'text'],
  ['parent_step', 'text'],
  ['method', 'required'],
  ['path', 'required'],
  ['status', 'whole'],
  ['code', 'text'],
  ['finish', 'required'],
  ['via', 'text'],
  ['caller', 'text'],
  ['provider', 'text'],
  ['tier', 'text'],
  ['input', 'tokens'],
  ['output', 'tokens'],
  ['cached', 'tokens'],
  ['reasoning', 'tokens'],
  ['cost', 'cost'],
  ['unit', 'required'],
  ['booked', 'text'],
  ['estimated', 'whole'],
  ['duration_ms', 'real'],
  ['gateway_ms', 'real'],
  ['gateway_request_id', 'text'],
  ['trace_id', 'text'],
]
const places = Object.fromEntries(columns.map(([name], index) => [name, index])) as Readonly<Record<string, number>>
const [timePlace = 0, costPlace = 0, unitPlace = 0] = ['time', 'cost', 'unit'].map((name) => places[name])

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
          const [last] = lastId.get() as [number]
          const attempts: unknown[] = []
          const clean = cleaner(text)
          const rows = (JSON.parse(text) as unknown[][]).map((given, index) => {
            const names = given.slice(0, nameCount).map((name) => (typeof name === 'string' ? clean(name) : ''))
            const values = valuesOf(given, clean)
            const id = last + 1 + index
            const earlier = given[nameCount + columns.length]
            if (Array.isArray(earlier)) for (const [attempt, code] of earlier as [number, string][]) attempts.push([id, attempt, code])
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

/** What SQLite does not keep: NUL, and half of a surrogate pair. */
const oddCharacters = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g

/** JSON escapes characters that cannot be kept, so rows without an escape hold none of them, except where a text is cut. */
function cleaner(rows: string): (text: string) => string {
  const isOdd = rows.includes('\\u')
  return (text) => (isOdd || text.length > maxTextChars ? text.slice(0, maxTextChars).replaceAll(oddCharacters, '\u{FFFD}') : text)
}

function valuesOf(given: readonly unknown[], clean: (text: string) => string): unknown[] {
  const values = columns.map(([, form], place) => valueOf(form, given[nameCount + place], clean))
  // Whatever has no readable cost has no unit either.
  if (values[costPlace] === null) values[unitPlace] = ''
  return values
}

function valueOf(form: (typeof columns)[number][1], value: unknown, clean: (text: string) => string): unknown {
  switch (form) {
    case 'text':
      return typeof value === 'string' ? clean(value) : null
    case 'required':
      return typeof value === 'string' ? clean(value) : ''
    case 'whole':
      return Number.isSafeInteger(value) ? value : 0
    case 'tokens':
      return typeof value === 'number' && value >= 0 ? Math.min(Math.ceil(value), maxTokens) : null
    case 'cost':
      return typeof value === 'number' ? (toBillionths(value) ?? null) : null
    case 'real':
      return typeof value === 'number' ? value : 0
  }
}
