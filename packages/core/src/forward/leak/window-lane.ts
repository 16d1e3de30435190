import { randomBytes } from 'node:crypto'

/** The rolling hash of windows in one kind of text: plain and base64, or hexadecimal. */
export interface WindowLane {
  /** Characters in a window. */
  readonly width: number
  /** The bit of this kind of text in `KeySearch`'s table of byte kinds. */
  readonly kind: number
  /** For each byte what it adds to the hash when it enters the window. */
  readonly come: Int32Array
  /** For each byte what is subtracted from the hash when it leaves the window. */
  readonly go: Int32Array
}

/** The multiplier of the hash. It is odd, so that multiplying loses no bits. */
export const factor = 0x2c1b3c6d

/** Makes a lane. Each byte gets a random number of this process, so that no client can write texts whose hashes collide. */
export function createLane(width: number, kind: number, reading: Uint8Array): WindowLane {
  const random = new Int32Array(256)
  const bytes = randomBytes(4 * random.length)
  for (let byte = 0; byte < random.length; byte += 1) random[byte] = bytes.readInt32LE(4 * byte)
  const come = Int32Array.from({ length: 256 }, (_, byte) => random[reading[byte] as number] as number)
  let passed = 1
  for (let step = 0; step < width; step += 1) passed = Math.imul(passed, factor)
  return { width, kind, come, go: come.map((value) => Math.imul(value, passed)) }
}
