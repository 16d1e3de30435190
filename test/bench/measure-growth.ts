import { request } from 'undici'
import { freePort } from './free-port.js'
import { growConfig, type GrowthSize } from './grown-config.js'
import type { Bench, Rounds } from './interleave.js'
import type { RequestsJob } from './job.js'
import { type RequestsRound, requestsRound } from './measure-requests.js'
import { launch } from './postern.js'
import { cpuMicroseconds } from './proc.js'
import { medianRatio } from './statistics.js'
import type { RunningSubject } from './subjects.js'

/** What is compared: the second is held against the first. */
export const growthSizes: readonly [GrowthSize, GrowthSize] = [
  { name: 'few', keys: 10, rules: 10 },
  { name: 'many', keys: 100_000, rules: 10_000 },
]

/** Starts that are measured. The last two stay up for requests. */
export const measuredStarts = [
  { format: 'YAML', size: growthSizes[0] },
  { format: 'YAML', size: growthSizes[1] },
  { format: 'JSON', size: growthSizes[0] },
  { format: 'JSON', size: growthSizes[1] },
] as const

/** From the start of the process to its first answer to a call. */
export interface GrowthStart {
  readonly format: 'YAML' | 'JSON'
  readonly size: GrowthSize
  readonly startMs: number
  /** CPU time of all threads until then. */
  readonly cpuMs: number
}

export interface GrowthResult {
  readonly starts: readonly GrowthStart[]
  /** By the name of the size. */
  readonly requests: Rounds<RequestsRound>
}

/** How much more a request costs with many keys and rules than with few. */
export function growthBetween({ requests }: GrowthResult): number {
  const [few = [], many = []] = growthSizes.map(({ name }) => (requests[name] ?? []).map(({ cpuPerRequest }) => cpuPerRequest))
  return medianRatio(many, few)
}

/** A Postern with a configuration of some size. */
export interface Grown extends RunningSubject {
  readonly start: GrowthStart
}

/** Starts Postern with a configuration of this size. Resolves when it has answered a call. */
export async function startGrown({ format, size }: Pick<GrowthStart, 'format' | 'size'>, { upstream, node }: Bench): Promise<Grown> {
  const port = await freePort()
  const { files, credentials } = growConfig(size, port, upstream)
  const { child, startMs } = await launch({ port, config: format === 'JSON' ? 'postern.json' : 'postern.yaml', files, node })
  const target = { port, path: '/ai/v1/chat/completions', credentials }
  const began = performance.now()
  await callOnce(target)
  return {
    child,
    target,
    start: { format, size, startMs: startMs + performance.now() - began, cpuMs: cpuMicroseconds(child.pid) / 1000 },
  }
}

/** @throws {Error} if the call is refused. */
async function callOnce({ port, path, credentials }: RunningSubject['target']): Promise<void> {
  const [name = '', value = ''] = credentials.sets[0]?.[0]?.split(': ') ?? []
  const body = JSON.stringify({ model: 'bench-json', messages: [{ role: 'user', content: 'Is the door open?' }] })
  const headers = { [name]: value, 'content-type': 'application/json' }
  const answer = await request(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers, body })
  const text = await answer.body.text()
  if (answer.statusCode !== 200) throw new Error(`the first call was answered with ${answer.statusCode}: ${text}`)
}

/** Starts Postern with few and many keys and rules, then measures JSON requests to the two in turn. */
export async function measureGrowth(bench: Bench): Promise<GrowthResult> {
  const { rounds, warmup, seconds, connections, least } = bench.plan.growth
  const starts: GrowthStart[] = []
  const running: Grown[] = []
  for (const each of measuredStarts) {
    bench.progress.step(`growth: a start with ${each.size.keys} keys in ${each.format}`)
    const subject = await startGrown(each, bench)
    starts.push(subject.start)
    if (each.format === 'JSON') running.push(subject)
    else await subject.child.stop()
  }
  const job = ({ target }: Grown, duration: number, atLeast: number): RequestsJob => ({
    mode: 'requests',
    kind: 'chat',
    target,
    connections,
    seconds: duration,
    least: atLeast,
  })
  const requests: Rounds<RequestsRound> = {}
  for (const subject of running) {
    bench.progress.step(`growth: warming up with ${subject.start.size.name}`)
    await requestsRound(subject, job(subject, warmup, least.warmup))
  }
  for (let number = 1; number <= rounds; number += 1) {
    // There and back, so that none of the two always comes first.
    for (const subject of number % 2 === 1 ? running : running.toReversed()) {
      const { name } = subject.start.size
      bench.progress.step(`growth: round ${number}, ${name}`)
      ;(requests[name] ??= []).push(await requestsRound(subject, job(subject, seconds, least.round)))
    }
  }
  await Promise.all(running.map(({ child }) => child.stop()))
  return { starts, requests }
}
