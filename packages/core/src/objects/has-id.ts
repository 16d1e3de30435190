import type { Members } from '../police/callers-places.js'

/** Whether a value can be an id: some providers number what they store. */
export function isId(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number'
}

/** Whether a value is an object with an `id`. */
export function hasId(value: unknown): boolean {
  return isId(memberOf(value, 'id'))
}

/** Whether an object says by an `id` or a `name` which stored object is meant. */
export function hasIdOrName(value: unknown): boolean {
  return hasId(value) || typeof memberOf(value, 'name') === 'string'
}

function memberOf(value: unknown, name: 'id' | 'name'): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members)[name] : undefined
}
