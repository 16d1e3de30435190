/** Characters of an answer, perhaps such as are left of it when its escapes are taken back. */
export interface Stretch {
  readonly bytes: Buffer
  /** Where each began in the answer; where the first did, if the others follow it byte by byte. */
  readonly from: number | Float64Array
}

export const noStretch: Stretch = { bytes: Buffer.alloc(0), from: 0 }

/** Where one of the characters began; infinitely far where it has not come. */
export function placeOf({ bytes, from }: Stretch, at: number): number {
  if (at >= bytes.length) return Number.POSITIVE_INFINITY
  return typeof from === 'number' ? from + at : (from[at] as number)
}

export function sliceOf({ bytes, from }: Stretch, start: number, end = bytes.length): Stretch {
  return { bytes: bytes.subarray(start, end), from: typeof from === 'number' ? from + start : from.subarray(start, end) }
}

/** The same characters on their own: a view would keep the whole piece that they came in. */
export function copyOf({ bytes, from }: Stretch): Stretch {
  return bytes.length === 0 ? noStretch : { bytes: Buffer.from(bytes), from: typeof from === 'number' ? from : from.slice() }
}

/** Characters and those that follow them. */
export function joinOf(left: Stretch, right: Stretch): Stretch {
  if (left.bytes.length === 0) return right
  const bytes = Buffer.concat([left.bytes, right.bytes])
  // Of what no escape was taken out, each byte follows the last.
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
