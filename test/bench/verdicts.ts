import { type Bound, boundOf, type Goal, type GoalName, goals } from './goals.js'
import { referenceCaller } from './callers.js'
import type { Rounds } from './interleave.js'
import type { LeakCosts, LimitsCosts, TelemetryCosts } from './job.js'
import type { LimitedStore } from './limited-stores.js'
import type { ChartsResult } from './measure-charts.js'
import type { HeldRound } from './measure-held.js'
import type { WorkersRound } from './measure-workers.js'
import { growthAlong } from './report-charts.js'
import { overAlone } from './report-workers.js'
import type { MemoryRound, SseRound, TtftRound } from './measure.js'
import { growthBetween, type GrowthResult } from './measure-growth.js'
import { loadedKeys } from './measure-leak.js'
import type { RevocationResult } from './measure-revocation.js'
import type { BackendRound, RequestsRound } from './measure-requests.js'
import { median, medianDifference, medianRatio } from './statistics.js'

/** Everything that was measured; what was left out is absent. */
export interface Results {
  json?: Rounds<RequestsRound>
  backend?: Rounds<BackendRound>
  /** By the name of the caller. */
  callers?: Rounds<RequestsRound>
  /** CPU time of a check, in microseconds, by the name of the caller. */
  identify?: Rounds<number>
  /** CPU time of searching a text for keys. */
  leak?: LeakCosts
  /** CPU time of a call. */
  telemetry?: TelemetryCosts
  /** CPU time of a call without limits and under three, by store. */
  limits?: LimitsCosts
  growth?: GrowthResult
  revocation?: readonly RevocationResult[]
  sse?: Rounds<SseRound>
  ttft?: Rounds<TtftRound>
  memory?: Rounds<MemoryRound>
  /** By the name of the case. */
  workers?: Rounds<WorkersRound>
  held?: Rounds<HeldRound>
  charts?: ChartsResult
}

/** A goal, and how Postern stands to it under one line of Node. */
export interface Verdict extends Bound, Pick<Goal, 'title' | 'unit' | 'gates'> {
  readonly name: GoalName
  readonly measured: number
  readonly met: boolean
  readonly finalMet: boolean
}

function overReference<T>(rounds: Rounds<T> | undefined, reference: string, value: (round: T) => number): number | undefined {
  const ours = rounds?.['postern']
  const theirs = rounds?.[reference]
  return ours === undefined || theirs === undefined ? undefined : medianRatio(ours.map(value), theirs.map(value))
}

/** CPU time per request that a kind of caller costs more than the reference, in microseconds. */
export function addedByCaller(rounds: Rounds<RequestsRound> | undefined, name: string): number | undefined {
  const own = rounds?.[name]
  const reference = rounds?.[referenceCaller]
  if (own === undefined || reference === undefined) return undefined
  const cost = (round: RequestsRound): number => round.cpuPerRequest
  return medianDifference(own.map(cost), reference.map(cost))
}

/** CPU time that a check of this kind of caller costs by itself, in microseconds. */
function costOfCheck(rounds: Rounds<number> | undefined, name: string): number | undefined {
  const own = rounds?.[name]
  return own === undefined ? undefined : median(own)
}

/** How much more searching an answer costs where many keys are loaded than where one is. */
function growthWithKeys({ answer }: LeakCosts): number | undefined {
  const [few, many] = loadedKeys.map((count) => answer?.[count])
  return few === undefined || many === undefined ? undefined : medianRatio(many, few)
}

/** How much later an event of a held stream comes at p50 than through the bare limit, in milliseconds. */
function addedLate(rounds: Rounds<HeldRound>): number | undefined {
  const [own, limit] = [rounds['postern'], rounds['bare-limit']]
  if (own === undefined || limit === undefined) return undefined
  return medianDifference(
    own.map(({ late }) => late.p50),
    limit.map(({ late }) => late.p50),
  )
}

/** CPU time that three rules add to a call in a store, in microseconds. */
export function addedByLimits(costs: LimitsCosts | undefined, store: LimitedStore['name']): number | undefined {
  const own = costs?.[store]
  return own === undefined ? undefined : medianDifference(own.with, own.without)
}

/** Holds the results under a line of Node against every goal whose subjects were measured. */
export function judge(results: Results, major: number): Verdict[] {
  const added = results.ttft?.['postern']?.map((round) => round.added)
  const measured: Record<GoalName, number | undefined> = {
    jsonOverBareLimit: overReference(results.json, 'bare-limit', (round) => round.cpuPerRequest),
    jsonOverExpress: overReference(results.json, 'express-stack', (round) => round.cpuPerRequest),
    jsonOverReplyFrom: overReference(results.json, 'fastify-reply-from', (round) => round.cpuPerRequest),
    jsonOverByHand: overReference(results.json, 'express-by-hand', (round) => round.cpuPerRequest),
    jsonOverPortkey: overReference(results.json, 'portkey', (round) => round.cpuPerRequest),
    pageOverBareLimit: overReference(results.backend, 'bare-limit', ({ page }) => page.cpuPerRequest),
    formOverBareLimit: overReference(results.backend, 'bare-limit', ({ form }) => form.cpuPerRequest),
    sessionCheck: costOfCheck(results.identify, 'session'),
    jwtCheck: costOfCheck(results.identify, 'jwt'),
    leakSearch: results.leak?.answer?.[1] && median(results.leak.answer[1]),
    leakGrowth: results.leak && growthWithKeys(results.leak),
    metrics: results.telemetry && median(results.telemetry.metrics),
    limitsInMemory: addedByLimits(results.limits, 'memory'),
    limitsOnSqlite: addedByLimits(results.limits, 'sqlite'),
    growthOfRequests: results.growth && growthBetween(results.growth),
    startWithKeys: results.growth?.starts.findLast(({ format }) => format === 'JSON')?.startMs,
    revocationLate: results.revocation && Math.max(...results.revocation.map(({ acceptedLate }) => acceptedLate)),
    sseOverBarePipe: overReference(results.sse, 'bare-pipe', (round) => round.cpuPerEvent),
    ttftMedian: added && median(added.map(({ p50 }) => p50)),
    ttftTail: overReference(results.ttft, 'bare-limit', (round) => round.added.p99),
    ttftMedianOverLimit: overReference(results.ttft, 'bare-limit', (round) => round.added.p50),
    heldLate: overReference(results.held, 'bare-limit', (round) => round.late.p99),
    heldAdded: results.held && addedLate(results.held),
    heldMemory: overReference(results.held, 'bare-limit', (round) => round.perStreamAtTheEnd),
    workersCost: results.workers && overAlone(results.workers, '2', '1', (round) => round.cpuPerRequest),
    workersCostShared: results.workers && overAlone(results.workers, '2-shared', '1-shared', (round) => round.cpuPerRequest),
    growthAlongKeys: results.charts && growthAlong(results.charts, 'keys'),
    growthAlongRules: results.charts && growthAlong(results.charts, 'rules'),
    growthAlongTenants: results.charts && growthAlong(results.charts, 'tenants'),
    growthAlongLimits: results.charts && growthAlong(results.charts, 'limits'),
    growthAlongStreams: results.charts && growthAlong(results.charts, 'streams'),
    memoryOverBareLimit: overReference(results.memory, 'bare-limit', (round) => round.perStream),
    memoryOverBarePipe: overReference(results.memory, 'bare-pipe', (round) => round.perStream),
  }
  return (Object.keys(goals) as GoalName[]).flatMap((name) => {
    const goal = goals[name]
    const { title, unit, gates } = goal
    const { atMost, final } = boundOf(goal, major)
    const value = measured[name]
    if (value === undefined) return []
    return [{ name, title, unit, gates, atMost, final, measured: value, met: value <= atMost, finalMet: value <= final }]
  })
}
