import { expect } from 'vitest'

/** How much a process computes in less time than this says nothing: compiling and collecting garbage cost as much. */
const floorMs = 10

/**
 * The least processor time that this process took for `work` in some runs, in milliseconds. What other processes compute does not
 * count, and the least leaves out what the process did beside it.
 */
export async function leastCpuMs(work: () => unknown, runs = 3): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let run = 0; run < runs; run += 1) {
    const before = process.cpuUsage()
    await work()
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / 1000)
  }
  return least
}

/**
 * Expects that work on eight times the input costs about eight times as much. If the cost grows with the square it is 64 times as
 * much. So `size` must be large enough that eight times of it, squared, costs more than 320 ms.
 */
export async function expectLinear(work: (size: number) => unknown, size: number): Promise<void> {
  await work(size)
  const small = await leastCpuMs(() => work(size))
  const large = await leastCpuMs(() => work(8 * size))
  expect(large).toBeLessThan(32 * Math.max(small, floorMs))
}

/**
 * Expects that what `measure` gives, in milliseconds of processor time, is below a bound that holds on a usual machine. Where it is not
 * at once, it is measured again, and divided by how many times as long this machine takes for everything now.
 */
export async function expectCpuBelow(boundMs: number, measure: () => number | Promise<number>): Promise<void> {
  let least = await measure()
  for (let again = 0; again < 3 && least >= boundMs; again += 1) {
    const factor = await slowness()
    least = Math.min(least, (await measure()) / factor)
  }
  expect(least).toBeLessThan(boundMs)
}

/** How many times as long as on a usual machine this one computes now, by processor time; 1 at least. */
async function slowness(): Promise<number> {
  const text = JSON.stringify(Array.from({ length: 40_000 }, (_, index) => ({ [`name ${index % 100}`]: `a text ${index}`, a: [index] })))
  return Math.max(1, (await leastCpuMs(() => JSON.stringify(JSON.parse(text)), 5)) / usualMs)
}

/** What the work of {@link slowness} takes on a usual machine, in milliseconds. */
const usualMs = 20
