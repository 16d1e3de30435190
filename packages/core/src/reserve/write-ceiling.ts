import { spliceBytes } from '../lib/splice.js'
import type { CeilingPlaces } from '../police/find-ceilings.js'

/**
 * Writes the ceiling of tokens into a request: in place of each higher one, or, if the request states none, where the format has it for
 * this model. Every other byte stays. The bytes are copied once and not looked at, however many they are.
 */
export function writeCeiling(body: Buffer, { stated, unstated }: CeilingPlaces, ceiling: number): Buffer {
  const higher = stated.filter(({ tokens }) => tokens > ceiling)
  const splices = [...higher, ...(unstated === undefined ? [] : [unstated])]
    .toSorted((one, other) => one.from - other.from)
    .map(({ from, to, before, after }) => ({ from, to, put: `${before}${ceiling}${after}` }))
  return spliceBytes(body, splices)
}
