import { Child } from './child.js'
import type { Job, Outcomes, RequestsJob, SseJob } from './job.js'
import { cpuMicroseconds } from './proc.js'
import type { RunningSubject } from './subjects.js'

/** Runs a load from its start to its end. */
export async function load<J extends Job>(subject: RunningSubject, job: J): Promise<Outcomes[J['mode']]> {
  const generator = Child.own('load')
  generator.tell(job)
  try {
    return await outcomeOf(generator, subject, job)
  } finally {
    await generator.stop()
  }
}

/** The outcome of a job, of which every single request must have succeeded. */
export async function outcomeOf<J extends Job>(generator: Child, subject: RunningSubject, job: J): Promise<Outcomes[J['mode']]> {
  const outcome = await generator.line<Outcomes[J['mode']]>()
  if (outcome.errors > 0) {
    throw new Error(subject.child.complaint(`${outcome.errors} requests of the ${job.mode} load failed; the first: ${outcome.firstError}`))
  }
  return outcome
}

/** Runs a load and returns, with its outcome, the CPU time the proxy spent on it, in microseconds. */
export async function loadWithCpu<J extends RequestsJob | SseJob>(subject: RunningSubject, job: J): Promise<[Outcomes[J['mode']], number]> {
  const before = cpuMicroseconds(subject.child.pid)
  const outcome = await load(subject, job)
  return [outcome, cpuMicroseconds(subject.child.pid) - before]
}
