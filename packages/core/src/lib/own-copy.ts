/**
 * Copies bytes into memory of their own, to be kept. `Buffer.from` copies less than 4 KiB into a pool of 8 KiB, and one such copy keeps the
 * whole pool in memory.
 */
export function ownCopy(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  copy.set(bytes)
  return copy
}
