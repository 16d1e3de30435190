/** The values of fields, by the fields' names. */
type Fields<Field extends string> = Readonly<Partial<Record<Field, string | undefined>>>

/** Finds entries by field values. An entry names values for some fields (`team: acme`) and matches callers with these same values. */
export interface FieldIndex<Field extends string, Entry> {
  /** The entry that matches in the first shape that has one. Of entries that name the same values, the last counts. */
  first(fields: Fields<Field>): Entry | undefined
  /** Every entry that matches, shape by shape. */
  all(fields: Fields<Field>): readonly Entry[]
}

/**
 * Puts entries into one map for each shape, so that finding costs the same with ten entries as with a million.
 *
 * @param shapes Every combination of fields that an entry may name, in the order in which they are looked up.
 * @param fieldsOf The values that an entry names. No value holds a line feed.
 */
export function createFieldIndex<Field extends string, Entry>(
  shapes: readonly (readonly Field[])[],
  entries: readonly Entry[],
  fieldsOf: (entry: Entry) => Fields<Field>,
): FieldIndex<Field, Entry> {
  const fields = [...new Set(shapes.flat())]
  const every = shapes.map((shape) => ({ shape, found: new Map<string, Entry[]>() }))
  const byNamed = new Map(
    every.map((table) => [bitsOf(Object.fromEntries(table.shape.map((field) => [field, ''])) as Fields<Field>), table]),
  )
  for (const entry of entries) {
    const named = fieldsOf(entry)
    const table = byNamed.get(bitsOf(named))
    if (table === undefined) continue
    const key = keyOf(named, table.shape) as string
    const same = table.found.get(key)
    if (same === undefined) table.found.set(key, [entry])
    else same.push(entry)
  }
  const tables = every.filter(({ found }) => found.size > 0)

  /** Which fields have a value, as a number with a bit for each. */
  function bitsOf(named: Fields<Field>): number {
    let bits = 0
    for (let place = 0; place < fields.length; place += 1) if (named[fields[place] as Field] !== undefined) bits |= 1 << place
    return bits
  }

  return {
    first(asked) {
      for (const { shape, found } of tables) {
        const key = keyOf(asked, shape)
        const same = key === undefined ? undefined : found.get(key)
        if (same !== undefined) return same.at(-1)
      }
      return undefined
    },
    all: (asked) =>
      tables.flatMap(({ shape, found }) => {
        const key = keyOf(asked, shape)
        return key === undefined ? [] : (found.get(key) ?? [])
      }),
  }
}

/** The values of a shape's fields as one text; `undefined` if one of them is not there. */
function keyOf<Field extends string>(fields: Fields<Field>, shape: readonly Field[]): string | undefined {
  let key = ''
  for (const field of shape) {
    const value = fields[field]
    if (value === undefined) return undefined
    key += `${value}\n`
  }
  return key
}
