/**
 * The room that says who calls, alone and in a process of its own: takes its configuration and what callers send
 * as one JSON line on stdin, and prints what a check costs, by caller, as one.
 */

import { join } from 'node:path'
import { Readable } from 'node:stream'
import { checkConfig, ConfigError } from '@postern/config'
import type { Runtime } from '@postern/instance'
import { createRuntime } from '@postern/express'
import { Stopwatch } from '@postern/ports'
import { openStore } from '@postern/stores'
import type { IdentifyJob } from './job.js'
import { costOfPlatform } from './platform-checks.js'
import { readJob } from './read-job.js'

type Arrival = Parameters<Runtime['rooms']['identify']>[0]

function openRuntime({ config, env, directory }: IdentifyJob): Runtime {
  const { checked, problems } = checkConfig(config, { env, directory })
  if (checked === undefined) throw new ConfigError(problems)
  const ledger = { append() {}, flush: () => Promise.resolve() }
  return createRuntime(checked, { ledger, store: openStore({ sqlite: join(directory, 'identify.db'), owner: true }) })
}

/** A request as a door would take it down. */
function arrivalWith(lines: readonly string[], port: number): Arrival {
  const rawHeaders = [`Host: 127.0.0.1:${port}`, ...lines].flatMap((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
  const headers: Record<string, string> = {}
  for (let index = 0; index < rawHeaders.length; index += 2)
    headers[(rawHeaders[index] as string).toLowerCase()] = rawHeaders[index + 1] as string
  return {
    ulid: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
    watch: new Stopwatch(),
    method: 'POST',
    path: '/v1/chat/completions',
    query: '',
    wholePath: '/ai/v1/chat/completions',
    headers,
    rawHeaders,
    address: '127.0.0.1',
    answerHeaders: [],
    pageRecord: 'full',
    body: Readable.from([]),
    connection: { destroyed: false, on() {}, off() {}, setMaxListeners() {}, destroy() {} },
  }
}

/** How many proofs are checked at once, as under load: what they write in one turn of the event loop shares a transaction. */
const atOnce = 32

/** CPU time of one check, in microseconds. */
async function cost(runtime: Runtime, arrivals: readonly Arrival[], checks: number, side: number): Promise<number> {
  const before = process.cpuUsage()
  let next = 0
  const checkInTurn = async (): Promise<void> => {
    while (next < checks) {
      const found = runtime.rooms.identify(arrivals[next++ % arrivals.length] as Arrival)
      // As in the corridor: only what is not known at once is waited for.
      if (found instanceof Promise) await found
    }
  }
  await Promise.all(Array.from({ length: side }, checkInTurn))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / checks
}

async function measure(job: IdentifyJob): Promise<Readonly<Record<string, readonly number[]>>> {
  const runtime = openRuntime(job)
  const costs: Record<string, number[]> = {}
  for (let round = 0; round <= job.rounds; round += 1) {
    for (const { name, credentials } of job.callers) {
      const own = costs[name] ?? (costs[name] = [])
      const perRound = Math.floor(credentials.sets.length / (job.rounds + 1))
      const sets = credentials.once ? credentials.sets.slice(round * perRound, (round + 1) * perRound) : credentials.sets
      const arrivals = sets.map((lines) => arrivalWith(lines, job.port))
      const spent = await (credentials.once ? cost(runtime, arrivals, arrivals.length, atOnce) : cost(runtime, arrivals, job.checks, 1))
      // The first round only warms up.
      if (round > 0) own.push(spent)
      const ofPlatform = await costOfPlatform(sets)
      if (round > 0) for (const [check, cpu] of Object.entries(ofPlatform ?? {})) (costs[check] ??= []).push(cpu)
    }
  }
  await runtime.close()
  return costs
}

const costs = await measure(await readJob<IdentifyJob>())
process.stdout.write(`${JSON.stringify(costs)}\n`, () => process.exit())
