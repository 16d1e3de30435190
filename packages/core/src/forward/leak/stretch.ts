import { ownCopy } from '../../lib/own-copy.js'

/** Characters of an answer, perhaps with its escapes decoded. */
export interface Stretch {
  readonly bytes: Buffer
  /** The position of each character in the answer; a single number for the first, if the others follow byte by byte. */
  readonly from: number | Float64Array
}

export const noStretch: Stretch = { bytes: Buffer.alloc(0), from: 0 }

/** The position of a character in the answer; `Infinity` if the character has not arrived. */
export function placeOf({ bytes, from }: Stretch, at: number): number {
  if (at >= bytes.length) return Number.POSITIVE_INFINITY
  return typeof from === 'number' ? from + at : (from[at] as number)
}

export function sliceOf({ bytes, from }: Stretch, start: number, end = bytes.length): Stretch {
  return { bytes: bytes.subarray(start, end), from: typeof from === 'number' ? from + start : from.subarray(start, end) }
}

/** A copy, since a view would keep the whole piece in memory. */
export function copyOf({ bytes, from }: Stretch): Stretch {
  return bytes.length === 0 ? noStretch : { bytes: ownCopy(bytes), from: typeof from === 'number' ? from : from.slice() }
}

/** Joins two stretches; the second follows the first. */
export function joinOf(left: Stretch, right: Stretch): Stretch {
  if (left.bytes.length === 0) return right
  const bytes = Buffer.concat([left.bytes, right.bytes])
  // Neither side has decoded escapes, so each byte follows the one before.
  if (typeof left.from === 'number' && typeof right.from === 'number') return { bytes, from: left.from }
  const from = new Float64Array(bytes.length)
  setPlaces(from, left, 0)
  setPlaces(from, right, left.bytes.length)
  return { bytes, from }
}

function setPlaces(places: Float64Array, { bytes, from }: Stretch, offset: number): void {
  if (typeof from !== 'number') places.set(from, offset)
  else for (let at = 0; at < bytes.length; at += 1) places[offset + at] = from + at
}
