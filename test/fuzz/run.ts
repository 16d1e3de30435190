import { Choices } from './choices.js'
import { type Fault, type Finding, signatureOf } from './fault.js'
import type { Options } from './options.js'
import type { Progress } from './progress.js'
import { createPursuit, type Pursuit, type Thrown } from './pursue.js'
import { openStand, type Stand } from './stand/stand.js'
import type { Context, Target } from './target.js'

/** What a target took, and what it showed. */
export interface TargetResult {
  readonly name: string
  readonly inputs: number
  readonly seconds: number
  readonly longestTurnMs: number
  readonly findings: readonly Finding[]
}

/** Batches between two looks at what is left open. */
const batchesBetweenLooks = 8

/** Throws the inputs of all chosen targets. */
export async function runAll(options: Options, progress: Progress): Promise<TargetResult[]> {
  const begunAt = performance.now()
  let stand: Promise<Stand> | undefined
  const context: Context = {
    seed: options.seed,
    stand() {
      stand ??= openStand(options.seed)
      return stand
    },
  }
  const results: TargetResult[] = []
  const inputs = sumOf(options.targets, shareOfInputs)
  const time = sumOf(options.targets, shareOfTime)
  let timeSoFar = 0
  try {
    for (const target of options.targets) {
      progress.target(target.name)
      timeSoFar += shareOfTime(target)
      const own = { ...options, inputs: Math.ceil((options.inputs * shareOfInputs(target)) / inputs) }
      const until = begunAt + options.seconds * 1000 * (timeSoFar / time)
      results.push(await runTarget(target, context, own, until, progress))
    }
  } finally {
    await (await stand)?.close()
  }
  return results
}

/** A third of all inputs is for processes; of the time they take nearly all. */
function shareOfInputs({ share, onSockets }: Target): number {
  return onSockets ? share * 2.2 : share
}

function shareOfTime({ share, onSockets }: Target): number {
  return onSockets ? share : 2
}

function sumOf(targets: readonly Target[], shareOf: (target: Target) => number): number {
  return targets.reduce((sum, target) => sum + shareOf(target), 0)
}

async function runTarget(target: Target, context: Context, options: Options, until: number, progress: Progress): Promise<TargetResult> {
  const open = await target.open(context)
  const collected = createCollection(createPursuit(target, open, options.shrinkMs), options.turnMs)
  const begunAt = performance.now()
  let thrown = 0
  let longestTurnMs = 0

  const throwBatch = async (batch: readonly Thrown[], choices: readonly Choices[]): Promise<void> => {
    const { each, together, longestTurnMs: longest } = await open.run(choices)
    thrown += batch.length
    longestTurnMs = Math.max(longestTurnMs, longest)
    const made = batch.map(({ index }, at) => ({ index, made: (choices[at] as Choices).made }))
    for (const [at, faults] of each.entries()) for (const fault of faults) await collected.ofOne(fault, made[at] as Thrown)
    for (const fault of together) await collected.ofBatch(fault, made)
    progress.advance(batch.length, collected.findings.length)
  }
  const settle = async (): Promise<void> => {
    for (const fault of (await open.settle?.()) ?? []) collected.ofTarget(target.name, fault)
  }

  await settle()
  if (options.one !== undefined) {
    const choices =
      'index' in options.one ? Choices.drawn(options.seed, target.name, options.one.index) : Choices.replayed(options.one.replay)
    progress.note(
      open.describe(
        'index' in options.one ? Choices.drawn(options.seed, target.name, options.one.index) : Choices.replayed(options.one.replay),
      ),
    )
    await throwBatch([{ index: undefined, made: [] }], [choices])
  } else {
    for (let from = 0; from < options.inputs && (performance.now() < until || from === 0); from += target.batch) {
      const size = Math.min(target.batch, options.inputs - from)
      const numbers = Array.from({ length: size }, (_, at) => from + at)
      await throwBatch(
        numbers.map((index) => ({ index, made: [] })),
        numbers.map((index) => Choices.drawn(options.seed, target.name, index)),
      )
      if ((from / target.batch) % batchesBetweenLooks === batchesBetweenLooks - 1) await settle()
    }
  }
  await settle()
  return { name: target.name, inputs: thrown, seconds: (performance.now() - begunAt) / 1000, longestTurnMs, findings: collected.findings }
}

interface Collection {
  readonly findings: Finding[]
  ofOne(fault: Fault, thrown: Thrown): Promise<void>
  ofBatch(fault: Fault, batch: readonly Thrown[]): Promise<void>
  ofTarget(target: string, fault: Fault): void
}

/** Times that a fault is looked into which does not come again, before that is left at it. */
const mostVainPursuits = 4

/** One finding for each fault, however often it is seen. */
function createCollection(pursuit: Pursuit, turnMs: number): Collection {
  const findings: Finding[] = []
  const vain = new Map<string, number>()

  async function add(fault: Fault, pursue: () => Promise<Finding | undefined>): Promise<void> {
    if (fault.ms !== undefined && fault.ms <= turnMs) return
    const signature = signatureOf(fault)
    const known = findings.find((finding) => signatureOf(finding.fault) === signature)
    if (known !== undefined) {
      known.times += 1
      return
    }
    const tried = vain.get(signature) ?? 0
    if (tried >= mostVainPursuits) return
    const finding = await pursue()
    if (finding === undefined) vain.set(signature, tried + 1)
    else findings.push(finding)
  }

  return {
    findings,
    ofOne: (fault, thrown) => add(fault, () => pursuit.ofOne(fault, thrown)),
    ofBatch: (fault, batch) => add(fault, () => pursuit.ofBatch(fault, batch)),
    ofTarget(target, fault) {
      const known = findings.find((finding) => signatureOf(finding.fault) === signatureOf(fault))
      if (known === undefined) findings.push({ target, fault, index: undefined, replay: undefined, input: undefined, times: 1 })
      else known.times += 1
    },
  }
}
