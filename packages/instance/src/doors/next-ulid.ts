import { randomFillSync } from 'node:crypto'
import { monotonicFactory } from 'ulid'

const pool = new Uint32Array(1024)
let used = pool.length

/** A random number from 0 to less than 1, from the kernel's generator, drawn for many at once. */
function randomFraction(): number {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += 1
  return (pool[used - 1] as number) / 2 ** 32
}

/** Makes the unique part of a request id. Sorts by time, and never repeats within a process. */
export const nextUlid: () => string = monotonicFactory(randomFraction)
