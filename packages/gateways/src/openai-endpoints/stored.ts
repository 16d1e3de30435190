import { plainFormat } from '../answer-format.js'
import type { Endpoint } from '../endpoint.js'
import type { AccountObject } from '../stored-object.js'

type Further = Partial<Omit<Endpoint, 'methods' | 'object'>>

function stored(method: string, kind: string, role: AccountObject['role'], further: Further): Endpoint {
  return { methods: [method], format: plainFormat, model: 'none', object: { kind, role }, ...further }
}

/**
 * For a write that costs nothing, as its documents say or since nothing is run or kept by it: what ends work, names a thing anew or sets its
 * metadata. Without it a write costs: see `Endpoint.costs`.
 */
export const free = { costs: 'nothing' } as const

export function creates(kind: string, further: Further = {}): Endpoint {
  return stored('POST', kind, 'creates', further)
}

export function lists(kind: string, further: Further = {}): Endpoint {
  return stored('GET', kind, 'lists', { ...free, ...further })
}

/** Reads one object, or what lies below it. */
export function reads(kind: string, further: Further = {}): Endpoint {
  return stored('GET', kind, 'names', { ...free, ...further })
}

/** Changes one object, or adds something below it. */
export function changes(kind: string, further: Further = {}): Endpoint {
  return stored('POST', kind, 'names', further)
}

export function deletes(kind: string, further: Further = {}): Endpoint {
  return stored('DELETE', kind, 'deletes', { ...free, ...further })
}

/** Deletes what lies below one object. */
export function takesFrom(kind: string): Endpoint {
  return stored('DELETE', kind, 'names', free)
}
