import { type Caller, callers } from './callers.js'
import type { Bench, Rounds } from './interleave.js'
import type { RequestsJob } from './job.js'
import { type RequestsRound, requestsRound } from './measure-requests.js'
import { startPostern } from './postern.js'

/** Measures JSON requests of each kind of caller in turn, all to the same Postern. */
export async function measureCallers(bench: Bench): Promise<Rounds<RequestsRound>> {
  const { rounds, warmup, seconds, connections, least } = bench.plan.callers
  const open = await Promise.all(callers.map((caller) => caller.open()))
  const subject = await startPostern(bench.upstream, { callers: open, node: bench.node })
  const { target } = subject
  const results: Rounds<RequestsRound> = {}

  async function measure(caller: Caller, duration: number, atLeast: number): Promise<RequestsRound> {
    const credentials = (await open[callers.indexOf(caller)]?.credentials(target.port)) ?? target.credentials
    const job: RequestsJob = {
      mode: 'requests',
      kind: 'chat',
      target: { ...target, credentials },
      connections,
      seconds: duration,
      least: atLeast,
    }
    return requestsRound(subject, job)
  }

  for (const caller of callers) {
    bench.progress.step(`callers: warming up ${caller.name}`)
    await measure(caller, warmup, least.warmup)
  }
  for (let number = 1; number <= rounds; number += 1) {
    // There and back, so that none of them always comes first.
    for (const caller of number % 2 === 1 ? callers : callers.toReversed()) {
      bench.progress.step(`callers: round ${number}, ${caller.name}`)
      ;(results[caller.name] ??= []).push(await measure(caller, seconds, least.round))
    }
  }
  await subject.child.stop()
  for (const { close } of open) close?.()
  return results
}
