/** Does one step of a long piece of work. Returns whether that was the last. */
export type Step = () => boolean

interface Job {
  readonly step: Step
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

const waiting: Job[] = []

/**
 * Does a long piece of work step by step without blocking the event loop. The whole process does one step of one job in one
 * turn of the event loop; jobs take turns.
 *
 * @returns Resolves after the last step; rejects with what a step throws.
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
