/** The expected kind of a value, in words for the operator. */
export function expectedKind(kind: string): string {
  return kinds[kind] ?? kind
}

const kinds: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'a group of settings',
  record: 'a group of names with their settings',
  string: 'a text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
}

/** The kind of a value, in words for the operator. Does not repeat the value, which may be a secret. */
export function kindOf(value: unknown): string {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : 'not a whole number'
  return found[typeof value] ?? 'of the wrong kind'
}

const found: Readonly<Record<string, string>> = { string: 'a text', boolean: 'true or false', object: 'a group of settings' }
