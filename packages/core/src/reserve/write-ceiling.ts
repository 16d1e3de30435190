import type { OutputLimit } from '@postern/gateways'
import { editMembers, memberValue, spansOf } from '../lib/json-members.js'

/**
 * Writes the ceiling of tokens into a request: in place of each higher one, or, if the request states none, where the format has it for
 * this model. Every other byte stays.
 *
 * @param body A JSON object that was checked.
 */
export function writeCeiling(body: Buffer, limit: OutputLimit, model: string | undefined, ceiling: number): Buffer {
  const text = body.toString('utf8')
  const places = limit.places.map(segmentsOf)
  const lowered = [...places, ...(limit.others ?? []).map(segmentsOf)].reduce((left, place) => lower(left, place, ceiling), text)
  if (places.some((place) => valueAt(text, place) !== undefined)) return lowered === text ? body : Buffer.from(lowered)
  const written = limit.written.find(({ models }) => models === undefined || (model !== undefined && models.test(model)))
  return written === undefined ? body : Buffer.from(write(lowered, segmentsOf(written.place), String(ceiling)))
}

function segmentsOf(place: string): readonly string[] {
  return place.slice(1).split('/')
}

function lower(text: string, place: readonly string[], ceiling: number): string {
  const value = valueAt(text, place)
  return value !== undefined && Number(value) > ceiling ? write(text, place, String(ceiling)) : text
}

/** The value at a place, as it is written; `undefined` if there is none. `null` states nothing. */
function valueAt(text: string, [name, ...rest]: readonly string[]): string | undefined {
  const span = spansOf(text).find((each) => each.name === name)
  const value = span === undefined ? undefined : memberValue(text, span)
  if (value === undefined || value === 'null') return undefined
  if (rest.length === 0) return value
  return value.startsWith('{') ? valueAt(value, rest) : undefined
}

function write(text: string, [name, ...rest]: readonly string[], value: string): string {
  const spans = spansOf(text)
  const span = spans.find((each) => each.name === name)
  const known = span === undefined ? '' : memberValue(text, span)
  const inner = rest.length === 0 ? value : write(known.startsWith('{') ? known : '{}', rest, value)
  return editMembers(text, spans, new Map([[name as string, inner]]))
}
