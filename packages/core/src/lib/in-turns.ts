/** A piece of work that is done in steps: one call does one step and says whether that was the last. */
export type Step = () => boolean

interface Job {
  readonly step: Step
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

const waiting: Job[] = []

/**
 * Does a long piece of work between other work: in this process one step of one job is done in one turn of the event
 * loop, however many jobs there are. They take turns.
 *
 * @returns Rejects with what a step throws.
 */
export function inTurns(step: Step): Promise<void> {
  return new Promise((resolve, reject) => {
    waiting.push({ step, resolve, reject })
    if (waiting.length === 1) setImmediate(turn)
  })
}

function turn(): void {
  const job = waiting[0] as Job
  let done = true
  try {
    done = job.step()
    if (done) job.resolve()
  } catch (error) {
    job.reject(error)
  }
  waiting.shift()
  if (!done) waiting.push(job)
  if (waiting.length > 0) setImmediate(turn)
}
