import { randomBytes } from 'node:crypto'

/** How windows of one kind of text are hashed as they roll along it. */
export interface WindowLane {
  /** Characters in a window. */
  readonly width: number
  /** The bit that marks the characters of such text in a table of kinds. */
  readonly kind: number
  /** What a byte adds to the hash as it comes into the window. */
  readonly come: Int32Array
  /** What it takes away as it goes. */
  readonly go: Int32Array
}

/** Odd, so that no bit of a byte is lost while it is in the window. */
export const factor = 0x2c1b3c6d

/** Bytes count with random numbers of this process, so that nobody can write texts whose windows collide. */
export function createLane(width: number, kind: number, reading: Uint8Array): WindowLane {
  const random = new Int32Array(256)
  const bytes = randomBytes(4 * random.length)
  for (let byte = 0; byte < random.length; byte += 1) random[byte] = bytes.readInt32LE(4 * byte)
  const come = Int32Array.from({ length: 256 }, (_, byte) => random[reading[byte] as number] as number)
  let passed = 1
  for (let step = 0; step < width; step += 1) passed = Math.imul(passed, factor)
  return { width, kind, come, go: come.map((value) => Math.imul(value, passed)) }
}

/** The hash of the window of a needle that begins at `offset`. */
export function hashWindow({ width, come }: WindowLane, needle: string, offset: number): number {
  let hash = 0
  for (let index = offset; index < offset + width; index += 1)
    hash = (Math.imul(hash, factor) + (come[needle.charCodeAt(index)] as number)) | 0
  return hash
}
