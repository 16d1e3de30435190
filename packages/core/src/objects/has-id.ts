import type { Members } from '../police/callers-places.js'

/** Whether a value is an object with an `id`. */
export function hasId(value: unknown): boolean {
  return hasText(value, 'id')
}

/** Whether an object says by an `id` or a `name` which stored object is meant. */
export function hasIdOrName(value: unknown): boolean {
  return hasText(value, 'id') || hasText(value, 'name')
}

function hasText(value: unknown, name: 'id' | 'name'): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && typeof (value as Members)[name] === 'string'
}
