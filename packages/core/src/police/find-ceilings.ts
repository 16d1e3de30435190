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
  const { places, others, written } = compile(limit)
  const find = (path: Path): NumberPlace => {
    const begin = read.text.indexOf('{') + 1
    const { from, to, before, after } = findPlace(read, { members: read.members, spans: read.spans, begin, isEmpty: edited.isEmpty }, path)
    const first = edited.byteAt(from)
    return { from: first, to: to === from ? first : edited.byteAt(to), before, after }
  }
  const stated: (NumberPlace & { readonly tokens: number })[] = []
  /** Whether a value stands there. */
  const take = (path: Path): boolean => {
    const value = valueAt(read.members, path)
    if (typeof value === 'number') stated.push({ ...find(path), tokens: value })
    return value !== undefined && value !== null
  }
  let isStated = false
  for (const path of places) if (take(path)) isStated = true
  for (const path of others) take(path)
  if (isStated) return { stated, unstated: undefined }
  const place = written.find(({ models }) => models === undefined || (model !== undefined && models.test(model)))
  return { stated, unstated: place && find(place.path) }
}

/** The names on the way to a member, the outermost first. */
type Path = readonly string[]

interface CompiledPlaces {
  readonly places: readonly Path[]
  /** Of the other places, those that are none of `places`. */
  readonly others: readonly Path[]
  readonly written: readonly { readonly path: Path; readonly models: RegExp | undefined }[]
}

const compiled = new WeakMap<OutputLimit, CompiledPlaces>()

/** The places of a format, which has its limit for as long as the process lives. */
function compile(limit: OutputLimit): CompiledPlaces {
  const known = compiled.get(limit)
  if (known !== undefined) return known
  const pathOf = (pointer: string): Path => pointer.slice(1).split('/')
  const found: CompiledPlaces = {
    places: limit.places.map(pathOf),
    others: (limit.others ?? []).filter((other) => !limit.places.includes(other)).map(pathOf),
    written: limit.written.map(({ place, models }) => ({ path: pathOf(place), models })),
  }
  compiled.set(limit, found)
  return found
}

function valueAt(members: Members, path: Path): unknown {
  let value: unknown = members
  for (const name of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) return undefined
    value = (value as Members)[name]
  }
  return value
}

/** An object in which a place is looked for. */
interface Outer {
  readonly members: Members
  readonly spans: readonly MemberSpan[]
  /** Where its first member may stand. */
  readonly begin: number
  readonly isEmpty: boolean
}

/** @returns The place in characters of the text that was read. */
function findPlace(read: JsonBody, { members, spans, begin, isEmpty }: Outer, [name, ...rest]: Path): NumberPlace {
  const before = rest.map((each) => `{"${each}":`).join('')
  const after = '}'.repeat(rest.length)
  const span = spans.find((each) => each.name === name)
  if (span === undefined) return { from: begin, to: begin, before: `"${name}":${before}`, after: isEmpty ? after : `${after},` }
  const from = valueStart(read.text, span)
  const within = rest.length === 0 ? undefined : read.spansWithin(span)
  if (within === undefined) return { from, to: span.end, before, after }
  const inner = {
    members: members[span.name] as Members,
    spans: within,
    begin: read.text.indexOf('{', from) + 1,
    isEmpty: within.length === 0,
  }
  return findPlace(read, inner, rest)
}
