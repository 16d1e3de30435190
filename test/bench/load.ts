/**
 * The load generator, a process of its own: takes a job as one JSON line on stdin and prints the outcome as one.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Pace } from './completion.js'
import { Connection } from './connection.js'
import { EventCounter } from './events.js'
import { HeldLoad } from './held-load.js'
import type {
  HeldJob,
  HeldOutcome,
  Job,
  MemoryJob,
  MemoryOutcome,
  RequestsJob,
  RequestsOutcome,
  SseJob,
  SseOutcome,
  Target,
  TtftJob,
  TtftOutcome,
} from './job.js'
import { readJob } from './read-job.js'
import { renderRequest } from './request.js'
import { RequestSource } from './request-source.js'

/** How many of the held streams are opened at a time: a burst would measure the burst. */
const OPENED_AT_ONCE = 50

/** How many addresses of this machine streams come from. */
const ADDRESSES = 8

/** From the first event of the last stream that is held to the first event that counts, in milliseconds. */
const SETTLE = 3000

/** The whole request for a chat completion, rendered once. */
function requestTo(target: Target, pace: Pace): Buffer {
  return renderRequest(target, target.credentials.sets[0] ?? [], 'chat', pace)
}

/** Counts failures and keeps the words of the first. */
class Failures {
  #count = 0
  #first: string | undefined

  readonly note = (error: unknown): void => {
    this.#count += 1
    this.#first ??= error instanceof Error ? error.message : String(error)
  }

  outcome(): { errors: number; firstError?: string } {
    return this.#first === undefined ? { errors: this.#count } : { errors: this.#count, firstError: this.#first }
  }
}

/** Runs `repeat` again and again on each of `count` connections until it returns `false`, or the time is over and `isEnough`; a connection that fails stops. */
async function sideBySide(
  job: { target: Target; seconds: number },
  count: number,
  failures: Failures,
  repeat: (connection: Connection) => Promise<boolean>,
  isEnough = (): boolean => true,
): Promise<number> {
  const connections = await Promise.all(Array.from({ length: count }, () => Connection.open(job.target.port)))
  const started = performance.now()
  const deadline = started + job.seconds * 1000
  await Promise.all(
    connections.map(async (connection) => {
      try {
        while ((performance.now() < deadline || !isEnough()) && (await repeat(connection)));
      } catch (error) {
        failures.note(error)
      }
    }),
  )
  const seconds = (performance.now() - started) / 1000
  for (const connection of connections) connection.close()
  return seconds
}

async function requests(job: RequestsJob): Promise<RequestsOutcome> {
  const source = new RequestSource(job)
  const failures = new Failures()
  let answered = 0
  const ask = async (connection: Connection): Promise<boolean> => {
    const request = source.next()
    if (request === undefined) return false
    await connection.exchange(request)
    answered += 1
    return true
  }
  const seconds = await sideBySide(job, job.connections, failures, ask, () => answered >= job.least)
  return { requests: answered, seconds, ...failures.outcome() }
}

async function sse(job: SseJob): Promise<SseOutcome> {
  const request = requestTo(job.target, job.pace)
  const failures = new Failures()
  let streams = 0
  let pieces = 0
  const seconds = await sideBySide(job, job.streams, failures, async (connection) => {
    const counter = new EventCounter()
    await connection.exchange(request, (piece) => {
      pieces += 1
      counter.push(piece)
    })
    if (counter.events <= job.pace.events) throw new Error(`a stream ended after ${counter.events} of its events`)
    streams += 1
    return true
  })
  return { streams, events: streams * job.pace.events, pieces, seconds, ...failures.outcome() }
}

async function ttft(job: TtftJob): Promise<TtftOutcome> {
  const failures = new Failures()
  const ways = await Promise.all(
    [job.direct, job.target].map(async (target) => ({
      connection: await Connection.open(target.port),
      request: requestTo(target, job.pace),
      times: [] as number[],
    })),
  )
  try {
    for (let stream = 0; stream < job.streams; stream += 1) {
      for (const { connection, request, times } of ways) {
        let first = 0
        const sent = performance.now()
        await connection.exchange(request, () => {
          if (first === 0) first = performance.now()
        })
        times.push(first - sent)
      }
    }
  } catch (error) {
    failures.note(error)
  }
  for (const { connection } of ways) connection.close()
  const [direct, through] = ways.map(({ times }) => times)
  return { direct: direct ?? [], through: through ?? [], ...failures.outcome() }
}

/** Where a stream that is held comes from: one address alone may have no more than a part of Postern's connections. */
function addressOf(stream: number): string {
  return `127.0.0.${2 + (stream % ADDRESSES)}`
}

/** Opens streams, of which each tells its pieces, and holds them. Resolves with how many have had their first event. */
async function openStreams(
  { target, streams, pace }: Pick<MemoryJob, 'target' | 'streams' | 'pace'>,
  failures: Failures,
  take?: (stream: number, piece: Buffer) => void,
): Promise<number> {
  const request = requestTo(target, pace)
  let open = 0
  /** Resolves when the first event of a new stream has arrived. */
  const openOne = async (stream: number): Promise<void> => {
    const connection = await Connection.open(target.port, addressOf(stream))
    await new Promise<void>((resolve, reject) => {
      const ended = connection.exchange(request, (piece) => {
        take?.(stream, piece)
        resolve()
      })
      ended
        .then(() => Promise.reject(new Error('a stream ended too soon')))
        .catch((error: unknown) => {
          failures.note(error)
          reject(error as Error)
        })
    })
    open += 1
  }
  while (open < streams && failures.outcome().errors === 0) {
    const group = Math.min(OPENED_AT_ONCE, streams - open)
    await Promise.all(Array.from({ length: group }, (_, index) => openOne(open + index).catch(() => undefined)))
  }
  return open
}

async function memory(job: MemoryJob): Promise<MemoryOutcome> {
  const failures = new Failures()
  return { open: await openStreams(job, failures), ...failures.outcome() }
}

/** Says when all streams are open, and again what came of them when the time is over. */
async function held(job: HeldJob): Promise<HeldOutcome> {
  const failures = new Failures()
  const load = new HeldLoad(job)
  const open = await openStreams({ ...job, pace: { ...job.pace, isTimed: true } }, failures, (stream, piece) => load.take(stream, piece))
  // Garbage of opening is collected meanwhile.
  await sleep(SETTLE)
  process.stdout.write(`${JSON.stringify({ open, ...load.outcome(), ...failures.outcome() })}\n`)
  load.begin()
  await sleep(job.seconds * 1000)
  return { open, ...load.outcome(), ...failures.outcome() }
}

function outcomeOf(job: Job): Promise<object> {
  switch (job.mode) {
    case 'requests':
      return requests(job)
    case 'sse':
      return sse(job)
    case 'ttft':
      return ttft(job)
    case 'memory':
      return memory(job)
    case 'held':
      return held(job)
  }
}

const job = await readJob<Job>()
const outcome = await outcomeOf(job)
process.stdout.write(`${JSON.stringify(outcome)}\n`, () => {
  if (job.mode !== 'memory') process.exit()
})
