import type { Sample } from './sample.js'

/** What is looked at over time, and how much it may grow. */
export interface Measure {
  readonly name: string
  readonly digits: number
  readonly value: (sample: Sample) => number
  /**
   * How much it may grow from the end of the warm-up to the end, by its trend: as a share of its median, and in its own unit;
   * also what samples differ by in any case. `undefined`:
   * it grows by its nature and is judged otherwise.
   */
  readonly mayGrow: { readonly share: number; readonly amount: number } | undefined
  /** Whether a short run says nothing of it: the heap grows until it is worth collecting. Default: no. */
  readonly isSlow?: boolean
}

/** The shortest run that says something of memory, in minutes. */
export const leastMinutesForMemory = 6

const megabyte = 1024 * 1024

/** In the order of the table. Handles and sockets under load also follow the machine; those that stay are looked for when all calls have ended. */
export const measures: readonly Measure[] = [
  { name: 'RSS, MB', digits: 1, value: ({ residentBytes }) => residentBytes / megabyte, mayGrow: { share: 0.1, amount: 4 }, isSlow: true },
  { name: 'heap, MB', digits: 1, value: ({ heapBytes }) => heapBytes / megabyte, mayGrow: { share: 0.1, amount: 2 }, isSlow: true },
  {
    name: 'buffers, MB',
    digits: 1,
    value: ({ outsideBytes }) => outsideBytes / megabyte,
    mayGrow: { share: 0.2, amount: 4 },
    isSlow: true,
  },
  { name: 'handles', digits: 0, value: ({ handles }) => handles, mayGrow: { share: 0.1, amount: 15 } },
  { name: 'sockets', digits: 0, value: ({ sockets }) => sockets, mayGrow: { share: 0.1, amount: 15 } },
  { name: 'files', digits: 0, value: ({ files }) => files, mayGrow: { share: 0.1, amount: 2 } },
  { name: 'listeners', digits: 0, value: ({ listeners }) => listeners, mayGrow: { share: 0, amount: 0.5 } },
  { name: 'ledger rows', digits: 0, value: ({ ledgerRows }) => ledgerRows, mayGrow: undefined },
]
