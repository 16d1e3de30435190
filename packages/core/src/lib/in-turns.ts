import { FairLines } from './fair-lines.js'

/** Does one step of a long piece of work. Returns whether that was the last. */
export type Step = () => boolean

interface Job {
  readonly owner: string
  readonly step: Step
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

const waiting = new FairLines<Job>(1)
/** Whether a turn is to come. */
let isComing = false

/**
 * Does a long piece of work step by step without blocking the event loop. The whole process does one step of one job in one
 * turn of the event loop. Owners take turns, and so do the jobs of one owner.
 *
 * @param owner Names the caller whose work it is. Default: the empty text; all work without a name shares one line.
 * @returns Resolves after the last step; rejects with what a step throws.
 */
export function inTurns(step: Step, owner = ''): Promise<void> {
  return new Promise((resolve, reject) => {
    waiting.push(owner, { owner, step, resolve, reject }, 1)
    comeAgain()
  })
}

function comeAgain(): void {
  if (isComing || waiting.size === 0) return
  isComing = true
  setImmediate(turn)
}

function turn(): void {
  isComing = false
  const job = waiting.take() as Job
  let done = true
  try {
    done = job.step()
    if (done) job.resolve()
  } catch (error) {
    job.reject(error)
  }
  if (!done) waiting.push(job.owner, job, 1)
  comeAgain()
}
