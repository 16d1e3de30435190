/** A change: what stands from `from` to `to` gives way to `put`. */
export interface Splice {
  readonly from: number
  readonly to: number
  readonly put: string
}

/** Makes changes of bytes, in one pass. They stand in the order of the bytes and do not overlap. */
export function spliceBytes(bytes: Buffer, splices: readonly Splice[]): Buffer {
  if (splices.length === 0) return bytes
  const pieces: Buffer[] = []
  let kept = 0
  for (const { from, to, put } of splices) {
    pieces.push(bytes.subarray(kept, from), Buffer.from(put))
    kept = to
  }
  pieces.push(bytes.subarray(kept))
  return Buffer.concat(pieces)
}

/** Where the byte that stood at `at`, outside of all changes, stands after them. */
export function afterSplices(at: number, splices: readonly Splice[]): number {
  let moved = at
  for (const { from, to, put } of splices) if (to < at) moved += Buffer.byteLength(put) - (to - from)
  return moved
}
