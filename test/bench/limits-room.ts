/**
 * The corridor without sockets, in a process of its own: takes how much is to be done as one JSON line on stdin, and prints what a call
 * costs without limits and under three rules, in microseconds of CPU time of all threads, as one. What forwards a call is replaced: it
 * tells of an answer that came, and does with what was set aside what forwarding does.
 */

import { hash } from 'node:crypto'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { checkConfig, ConfigError, type ConfigInput } from '@postern/config'
import { handle } from '@postern/core'
import { createRuntime } from '@postern/express'
import type { Runtime } from '@postern/instance'
import { createMemoryStore, Stopwatch, type Store } from '@postern/ports'
import { openStore } from '@postern/stores'
import { answer, requestBody } from './completion.js'
import type { LimitsCosts, LimitsJob } from './job.js'
import { type LimitedStore, limitedStores } from './limited-stores.js'
import { readJob } from './read-job.js'

type Rooms = Runtime['rooms']
type Arrival = Parameters<Rooms['identify']>[0]
type Sink = Parameters<typeof handle>[2]

const credential = 'bench service credential'

/** One of each unit, with room for everything that is measured. */
const threeRules: NonNullable<ConfigInput['limits']> = {
  prices: { version: '1', prices: [{ model: '*', unit: 'USD', perMillion: { input: '2.5', output: '10' }, maxOutput: 4096 }] },
  rules: [
    { name: 'requests', each: 'user', per: 'hour', requests: 1e9 },
    { name: 'spend', each: 'team', per: 'day', spend: '9000000 USD' },
    { name: 'tokens', team: 'acme', per: 'month', tokens: 1e12 },
  ],
}

/** A side of the comparison: with limits or without. */
interface Side {
  readonly runtime: Runtime
  readonly store: Store
  readonly rooms: Rooms
}

function openSide(limits: ConfigInput['limits'], store: Store, directory: string): Side {
  const config: ConfigInput = {
    version: 1,
    gateways: { main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1' } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { service: { hashes: { env: 'RING' }, principals: { bench: { user: 'bench', team: 'acme' } } } },
    policies: { models: ['*'] },
    ...(limits === undefined ? {} : { limits }),
  }
  const env = { KEY: 'bench-gateway-key', RING: `bench:${hash('sha256', credential)}` }
  const { checked, problems } = checkConfig(config, { env, directory })
  if (checked === undefined) throw new ConfigError(problems)
  const runtime = createRuntime(checked, { ledger: { append() {}, flush: () => Promise.resolve() }, store })
  return { runtime, store, rooms: { ...runtime.rooms, forward } }
}

const document: unknown = JSON.parse(answer.toString())

/** What forwarding does with what is set aside, and with the record. */
const forward: Rooms['forward'] = ({ reservation }, _, tap) => {
  reservation?.sent()
  reservation?.answered(200)
  reservation?.came(answer.length)
  tap.body(document, 'answer')
  reservation?.headers()
  const record = tap.governance('complete', 0.1)
  return Promise.resolve({ finish: 'complete', status: 200, record, told: JSON.stringify(record) })
}

/** The request of the benchmark, with a ceiling, so that it is sent as it came. */
const body = Buffer.from(JSON.stringify({ ...(JSON.parse(requestBody().toString()) as object), max_tokens: 64 }))

let calls = 0

/** A call as a door would take it down. */
function nextArrival(): Arrival {
  calls += 1
  const headers = {
    host: '127.0.0.1:8787',
    authorization: `Bearer ${credential}`,
    'content-type': 'application/json',
    'content-length': String(body.length),
  }
  return {
    ulid: `01ARZ3NDEKTSV4${String(calls).padStart(12, '0')}`,
    watch: new Stopwatch(),
    method: 'POST',
    path: '/v1/chat/completions',
    query: '',
    wholePath: '/ai/v1/chat/completions',
    headers,
    rawHeaders: Object.entries(headers).flat(),
    address: '127.0.0.1',
    answerHeaders: [],
    pageRecord: 'full',
    body: Readable.from([body]),
    connection: { destroyed: false, on() {}, off() {}, setMaxListeners() {}, destroy() {} },
  }
}

const sink = { destroyed: false, headersSent: false } as Sink

/** How many calls are under way at once. */
const atOnce = 32

/** CPU time of one call, in microseconds. */
async function cost({ rooms, store }: Side, count: number): Promise<number> {
  const before = process.cpuUsage()
  let left = count
  const callInTurn = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      const journey = await handle(rooms, nextArrival(), sink)
      if (journey.entry.status !== 200) throw new Error(`a call was refused: ${JSON.stringify(journey.entry)}`)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, callInTurn))
  // It is answered after what was booked before.
  await store.budgets.extend([], 1)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

function openStoreOf({ name }: LimitedStore, { directory, redisUrl }: LimitsJob): Store {
  if (name === 'memory') return createMemoryStore()
  if (name === 'redis') return openStore({ redis: { url: redisUrl } })
  return openStore({ sqlite: join(directory, 'limits.db'), owner: true })
}

async function measure(job: LimitsJob): Promise<LimitsCosts> {
  const costs: LimitsCosts = {}
  for (const each of limitedStores) {
    const sides = {
      without: openSide(undefined, createMemoryStore(), job.directory),
      with: openSide(threeRules, openStoreOf(each, job), job.directory),
    }
    const own = (costs[each.name] = { without: [] as number[], with: [] as number[] })
    for (let round = 0; round <= job.rounds; round += 1) {
      for (const side of round % 2 === 1 ? (['without', 'with'] as const) : (['with', 'without'] as const)) {
        const spent = await cost(sides[side], job.calls)
        // The first round only warms up.
        if (round > 0) own[side].push(spent)
      }
    }
    for (const { runtime } of Object.values(sides)) await runtime.close()
  }
  return costs
}

const costs = await measure(await readJob<LimitsJob>())
process.stdout.write(`${JSON.stringify(costs)}\n`, () => process.exit())
