import type { OutputLimit } from '@postern/gateways'
import { type MemberSpan, valueStart } from '../lib/json-members.js'
import type { JsonBody } from '../read/json-body.js'
import type { Members } from './callers-places.js'
import type { EditedBody } from './edited-body.js'

/** A place for a number in a body, in bytes: it comes in place of what stands there, with the text before and after it. */
export interface NumberPlace {
  readonly from: number
  readonly to: number
  readonly before: string
  readonly after: string
}

/** Where a body says how many tokens its answers may have. */
export interface CeilingPlaces {
  /** Each number that it states. */
  readonly stated: readonly (NumberPlace & { readonly tokens: number })[]
  /** Where the number is written if it states none; `undefined`: it does, or the format has no place for it. */
  readonly unstated: NumberPlace | undefined
}

/** Finds the ceilings of a body that was read. Looks at no byte of it but those of the places. */
export function findCeilings(read: JsonBody, edited: EditedBody, limit: OutputLimit, model: string | undefined): CeilingPlaces {
  const find = (pointer: string): Found => {
    const begin = read.text.indexOf('{') + 1
    const object = { members: read.members, spans: read.spans, begin, isEmpty: edited.isEmpty }
    return findPlace(read, object, pointer.slice(1).split('/'))
  }
  const inBytes = ({ from, to, before, after }: NumberPlace): NumberPlace => {
    const first = edited.byteAt(from)
    return { from: first, to: to === from ? first : edited.byteAt(to), before, after }
  }
  const places = limit.places.map(find)
  const others = (limit.others ?? []).filter((other) => !limit.places.includes(other)).map(find)
  const stated = [...places, ...others].flatMap(({ value, ...place }) =>
    typeof value === 'number' ? [{ ...inBytes(place), tokens: value }] : [],
  )
  if (places.some(({ value }) => value !== undefined)) return { stated, unstated: undefined }
  const written = limit.written.find(({ models }) => models === undefined || (model !== undefined && models.test(model)))
  return { stated, unstated: written && inBytes(find(written.place)) }
}

/** A place, in characters of the text that was read, and the value that stands there; `null` says nothing. */
interface Found extends NumberPlace {
  readonly value?: unknown
}

/** An object in which a place is looked for. */
interface Outer {
  readonly members: Members
  readonly spans: readonly MemberSpan[]
  /** Where its first member may stand. */
  readonly begin: number
  readonly isEmpty: boolean
}

function findPlace(read: JsonBody, { members, spans, begin, isEmpty }: Outer, [name, ...rest]: readonly string[]): Found {
  const before = rest.map((each) => `{"${each}":`).join('')
  const after = '}'.repeat(rest.length)
  const span = spans.find((each) => each.name === name)
  if (span === undefined) return { from: begin, to: begin, before: `"${name}":${before}`, after: isEmpty ? after : `${after},` }
  const from = valueStart(read.text, span)
  const value = members[span.name]
  const within = rest.length === 0 ? undefined : read.spansWithin(span)
  if (within === undefined) return { from, to: span.end, before, after, value: rest.length === 0 ? (value ?? undefined) : undefined }
  const inner = { members: value as Members, spans: within, begin: read.text.indexOf('{', from) + 1, isEmpty: within.length === 0 }
  return findPlace(read, inner, rest)
}
