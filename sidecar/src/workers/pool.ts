import type { LiveCalls } from '@postern/instance'
import type { DataSide } from '../data-side.js'
import type { WorkersState } from '../readiness/readiness.js'
import { openFamilies } from '../telemetry/families.js'
import type { OtherCounts } from '../telemetry/gather.js'
import { addSnapshot, takeSnapshot } from '../telemetry/snapshot.js'
import { WorkerSlot, type WorkerSupplies } from './worker-slot.js'

/** How long workers may take to answer: whoever asks for the state of the process, for metrics and for calls under way, in milliseconds. */
const [stateMs, countsMs, callsMs] = [400, 1000, 2000]

/** How long a worker may take to take another configuration, in milliseconds. */
const takeMs = 10_000

/** How often workers are asked what they have counted, in milliseconds: a worker that is killed takes with it what it counted since. */
const countEveryMs = 1000

/** How much longer than the deadline workers may take for what they write at the end, in milliseconds. */
const lastWordsMs = 4000

/** The workers of this process, as one. */
export interface WorkerPool extends DataSide {
  look(): Promise<WorkersState>
  counts(): Promise<OtherCounts>
  liveCalls(most: number, team: string | undefined): Promise<LiveCalls>
  /** Has every worker serve with the configuration in use. Never rejects. */
  handOn(): Promise<void>
}

/** @param count How many workers serve. */
export function createWorkerPool(count: number, supplies: Omit<WorkerSupplies, 'keepCounts'>): WorkerPool {
  /** What workers had counted that have ended. */
  const ended = openFamilies()
  const slots = Array.from(
    { length: count },
    () => new WorkerSlot({ ...supplies, keepCounts: (counted) => addSnapshot(ended, counted, false) }),
  )
  const timer = setInterval(() => void countAll(), countEveryMs).unref()

  async function countAll(): Promise<void> {
    await Promise.all(slots.map((slot) => slot.count(countsMs)))
  }

  return {
    async open() {
      const [url] = await Promise.all(slots.map((slot) => slot.begin()))
      return url as string
    },
    async look() {
      const serving = slots.filter((slot) => slot.serves)
      const told = await Promise.all(serving.map((slot) => slot.ask('readiness', [], stateMs)))
      for (const [place, slot] of serving.entries()) slot.lastState = told[place] ?? slot.lastState
      const states = serving.map(({ lastState }) => lastState)
      const silent = told.filter((state) => state === undefined).length
      if (states.length === count && silent === 0) return { states, trouble: undefined }
      const since = slots.flatMap(({ downSince }) => downSince ?? []).toSorted()[0] ?? new Date().toISOString()
      const late = silent === 0 ? '' : ` ${silent} of them did not answer in time.`
      return { states, trouble: { since, reason: `${states.length} of ${count} workers serve.${late}` } }
    },
    async counts() {
      await countAll()
      return { living: slots.map(({ counted }) => counted).filter((counted) => counted !== undefined), ended: takeSnapshot(ended) }
    },
    async liveCalls(most, team) {
      const told = (await Promise.all(slots.map((slot) => slot.ask('liveCalls', [most, team], callsMs)))).filter(
        (each) => each !== undefined,
      )
      const calls = told.flatMap((each) => each.calls).toSorted((one, other) => other.age_ms - one.age_ms)
      return { calls: calls.slice(0, most), total: told.reduce((sum, { total }) => sum + total, 0) }
    },
    async handOn() {
      const config = supplies.config()
      await Promise.all(slots.map((slot) => slot.take(config, takeMs)))
    },
    async leave(takenMs) {
      await Promise.all(slots.map((slot) => slot.leave(takenMs, takenMs + lastWordsMs)))
    },
    async close(deadlineMs) {
      // What ends now is counted before it does.
      clearInterval(timer)
      const inTime = await Promise.all(slots.map((slot) => slot.end(deadlineMs, deadlineMs + lastWordsMs)))
      return inTime.every(Boolean)
    },
  }
}
