import type { Journey } from '@postern/core'
import type { Runtime } from './runtime.js'

/** How far a call is: its caller and its request are being checked; it waits for its turn or a limit; it was sent; its answer streams. */
export type LiveStage = 'checking' | 'waiting' | 'sent' | 'streaming'

/** A call under way, as an operator is told of it. What is not known yet is absent. */
export interface LiveCall {
  /** Absent until its tags are read. */
  readonly request_id?: string
  readonly method: string
  readonly path: string
  readonly stage: LiveStage
  /** How long it has been here, in milliseconds. */
  readonly age_ms: number
  /** How often it was sent; 0: not yet. */
  readonly attempt: number
  readonly via?: string
  readonly caller?: string
  /** The id of its session. */
  readonly session?: string
  readonly user?: string
  readonly team?: string
  readonly project?: string
  readonly gateway?: string
  /** The alias of the gateway key. */
  readonly key?: string
  /** The model that the request names. */
  readonly model?: string
  readonly workflow?: string
  readonly step?: string
}

/** The calls under way, and how many there are. */
export interface LiveCalls {
  /** The oldest first. */
  readonly calls: readonly LiveCall[]
  readonly total: number
}

/**
 * Tells the calls under way, also those that began with an earlier configuration.
 *
 * @param most How many are described at most.
 * @param team Only those of this team. Default: everybody's.
 */
export function tellLiveCalls({ liveCalls, redact }: Runtime, most: number, team?: string): LiveCalls {
  const found = liveCalls.all().filter(({ principal }) => team === undefined || principal?.team === team)
  const oldest = found.toSorted((one, other) => one.arrival.watch.startedAt - other.arrival.watch.startedAt).slice(0, most)
  return { calls: oldest.map((journey) => describe(journey, redact)), total: found.length }
}

function describe(journey: Journey, redact: (text: string) => string): LiveCall {
  const { arrival, principal, route, permit } = journey
  // Before the request is read, its tags are not: asking for them would read them as those of a refused call.
  const tags = permit === undefined ? undefined : journey.tags
  const texts = {
    request_id: tags?.requestId,
    via: principal?.via,
    caller: principal?.caller,
    session: principal?.session?.id,
    user: principal?.user,
    team: principal?.team,
    project: principal?.project,
    gateway: route?.gateway.name,
    key: route?.key.alias,
    model: permit?.modelRequested,
    workflow: tags?.workflow,
    step: tags?.step,
  }
  const told = Object.entries(texts).flatMap(([name, text]) => (text === undefined ? [] : [[name, redact(text)]]))
  return {
    ...(Object.fromEntries(told) as Partial<LiveCall>),
    method: arrival.method,
    path: redact(arrival.path),
    stage: stageOf(journey),
    age_ms: Math.round(arrival.watch.wholeMs()),
    attempt: tags?.attempt ?? 0,
  }
}

function stageOf({ permit, begunAt, tap }: Journey): LiveStage {
  if (permit === undefined) return 'checking'
  if (begunAt === 0) return 'waiting'
  return (tap?.stream?.firstAt ?? 0) > 0 ? 'streaming' : 'sent'
}
