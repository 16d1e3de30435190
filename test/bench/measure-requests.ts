import { type Bench, interleave, type Rounds } from './interleave.js'
import type { RequestsJob } from './job.js'
import { pagePath } from './page.js'
import { load, loadWithCpu } from './run-load.js'
import type { RunningSubject } from './subjects.js'

export interface RequestsRound {
  /** CPU time of the proxy, in microseconds. */
  readonly cpuPerRequest: number
  readonly requestsPerSecond: number
  /** Share of one core that the proxy used. */
  readonly busy: number
}

export interface BackendRound {
  /** A GET. */
  readonly page: RequestsRound
  /** A POST with a small body. */
  readonly form: RequestsRound
}

/** One round of equal requests. */
export async function requestsRound(subject: RunningSubject, job: RequestsJob): Promise<RequestsRound> {
  const [outcome, cpu] = await loadWithCpu(subject, job)
  return {
    cpuPerRequest: cpu / outcome.requests,
    requestsPerSecond: outcome.requests / outcome.seconds,
    busy: cpu / 1e6 / outcome.seconds,
  }
}

export function measureJson(bench: Bench): Promise<Rounds<RequestsRound>> {
  const { rounds, warmup, seconds, connections, least } = bench.plan.json
  const job = (subject: RunningSubject, duration: number, atLeast: number): RequestsJob => ({
    mode: 'requests',
    kind: 'chat',
    target: subject.target,
    connections,
    seconds: duration,
    least: atLeast,
  })
  return interleave(bench, 'JSON requests', {
    rounds,
    warmUp: (subject) => load(subject, job(subject, warmup, least.warmup)),
    round: (subject) => requestsRound(subject, job(subject, seconds, least.round)),
  })
}

/** What is outside Postern's mount is the backend's. The other subjects pass everything to the same upstream. */
export function measureBackend(bench: Bench): Promise<Rounds<BackendRound>> {
  const { rounds, warmup, seconds, connections, least } = bench.plan.backend
  const job = ({ target }: RunningSubject, kind: 'page' | 'form', duration: number, atLeast: number): RequestsJob => ({
    mode: 'requests',
    kind,
    target: { ...target, path: pagePath },
    connections,
    seconds: duration,
    least: atLeast,
  })
  return interleave(bench, 'requests to the backend', {
    rounds,
    warmUp: async (subject) => {
      await load(subject, job(subject, 'page', warmup, least.warmup))
      await load(subject, job(subject, 'form', warmup, least.warmup))
    },
    round: async (subject) => ({
      page: await requestsRound(subject, job(subject, 'page', seconds, least.round)),
      form: await requestsRound(subject, job(subject, 'form', seconds, least.round)),
    }),
  })
}
