import { setTimeout as sleep } from 'node:timers/promises'
import { call, closeConnections } from './call.js'
import { type LoadTold, startMixedLoad } from './mixed-load.js'
import { type Operation, operationsAt } from './operations.js'
import type { Options } from './options.js'
import type { Progress } from './progress.js'
import { type Sample, takeSample } from './sample.js'
import { openStand, type Stand } from './stand.js'

export interface SoakResult {
  readonly samples: readonly Sample[]
  /** How Postern was before the load, and after it when all calls had ended. */
  readonly before: Sample
  readonly after: Sample
  readonly load: LoadTold
  /** How often each operation was done. */
  readonly operations: Readonly<Record<string, number>>
  /** When each was done, in seconds since the load began. */
  readonly times: readonly { readonly name: string; readonly from: number; readonly to: number }[]
}

/** Samples of a run, at most; a shorter run has one every three seconds. */
const samplesOfARun = 120
/** How long is between two operations, in seconds, at most. */
const longestPause = 20
/** How long Postern may take until it answers, and after the load until its connections are closed, in milliseconds. */
const patienceMs = 60_000

/** Runs the whole soak. */
export async function runSoak(options: Options, progress: Progress): Promise<SoakResult> {
  const stand = await openStand()
  try {
    return await soak(stand, options, progress)
  } finally {
    await stand.close()
  }
}

async function soak(stand: Stand, options: Options, progress: Progress): Promise<SoakResult> {
  await untilAnswers(stand)
  const before = await takeSample(stand, 0, 0)
  const { all, isStoreAway } = operationsAt(stand)
  const load = startMixedLoad(stand, options.seed, options.perSecond, isStoreAway)
  const over = new AbortController()
  const operations: Record<string, number> = {}
  const times: SoakResult['times'][number][] = []
  const operating = operate(all, Math.min(longestPause, (options.minutes * 60) / all.length / 3), over.signal, (name, from, to) => {
    operations[name] = (operations[name] ?? 0) + 1
    times.push({ name, from, to })
  })
  // A failure ends the run at once; without this it would be unhandled until then.
  operating.catch(() => over.abort())
  const samples = await sampleUntilOver(stand, options, progress, load.told, over.signal)
  over.abort()
  const told = await load.stop()
  await operating
  closeConnections()
  return { samples, before, after: await atRest(stand, before), load: told, operations, times }
}

async function sampleUntilOver(
  stand: Stand,
  { minutes, perSecond }: Options,
  progress: Progress,
  told: () => LoadTold,
  stopped: AbortSignal,
): Promise<readonly Sample[]> {
  const everyMs = Math.max(3000, (minutes * 60_000) / samplesOfARun)
  const from = performance.now()
  const samples: Sample[] = []
  for (let next = everyMs; next <= minutes * 60_000 && !stopped.aborted; next += everyMs) {
    await sleep(Math.max(0, from + next - performance.now()), undefined, { signal: stopped }).catch(() => undefined)
    if (stopped.aborted) break
    const { begun, open, unexpected } = told()
    const sample = await takeSample(stand, (performance.now() - from) / 60_000, open)
    samples.push(sample)
    const figures = `${sample.minutes.toFixed(1)} of ${minutes} min, ${begun} calls at ${perSecond}/s, ${open} open, ${unexpected} unexpected`
    progress.show(
      next / (minutes * 60_000),
      `${figures}; RSS ${(sample.residentBytes / 2 ** 20).toFixed(0)} MB, ${sample.sockets} sockets, ${sample.handles} handles`,
    )
  }
  return samples
}

/** Does one operation after the other, with a pause in between. */
async function operate(
  all: readonly Operation[],
  pause: number,
  over: AbortSignal,
  done: (name: string, from: number, to: number) => void,
): Promise<void> {
  const began = performance.now()
  const seconds = (): number => (performance.now() - began) / 1000
  for (let index = 0; ; index += 1) {
    const { name, run } = all[index % all.length] as Operation
    await sleep(pause * 1000, undefined, { signal: over }).catch(() => undefined)
    if (over.aborted) return
    const from = seconds()
    await run()
    done(name, from, seconds())
  }
}

async function untilAnswers({ port, subject }: Stand): Promise<void> {
  const deadline = performance.now() + patienceMs
  while ((await call({ port, credential: '', path: '/page', isAlone: true })).status !== 200) {
    if (subject.hasEnded || performance.now() > deadline) throw new Error(`Postern did not start.\n${subject.printed.slice(-2000)}`)
    await sleep(20)
  }
}

/** The process when nobody calls any more: as soon as it holds as few sockets as before the load, or else after a minute. */
async function atRest(stand: Stand, before: Sample): Promise<Sample> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const sample = await takeSample(stand, 0, 0)
    if (sample.sockets <= before.sockets || performance.now() > deadline) return sample
    await sleep(500)
  }
}
