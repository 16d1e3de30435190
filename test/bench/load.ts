/**
 * The load generator, a process of its own: takes a job as one JSON line on stdin and prints the outcome as one.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { Connection } from './connection.js'
import { EventCounter } from './events.js'
import { Failures } from './failures.js'
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
import { openStreams } from './open-streams.js'
import { readJob } from './read-job.js'
import { requestTo } from './request.js'
import { RequestSource } from './request-source.js'

/** From the first event of the last stream that is held to the first event that counts, in milliseconds. */
const SETTLE = 3000

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
