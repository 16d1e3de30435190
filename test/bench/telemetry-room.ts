/**
 * What watches the process, alone and in a process of its own: takes how much is to be done as one JSON line on stdin, and prints what
 * a call costs, in microseconds of CPU time, as one: of the metrics, and of the spans without what sends them.
 */

import type { CallCourse, LedgerEntry, PosternEvent, Witness } from '@postern/ports'
import type { TelemetryCosts, TelemetryJob } from './job.js'
import { readJob } from './read-job.js'

/** The modules of the sidecar as it runs them; its package has no door for others. */
const load = (name: string): Promise<unknown> => import(new URL(`../../../sidecar/dist/telemetry/${name}.js`, import.meta.url).href)

const models = Array.from({ length: 20 }, (_, index) => `openai/model-${index}`)
const keys = Array.from({ length: 20 }, (_, index) => `key-${index}`)

/** The part of a configuration that says what labels there are. */
const checked = {
  config: {
    gateways: { main: {} },
    keys: Object.fromEntries(keys.map((key) => [key, {}])),
    policies: { models, rules: [] },
    callers: {},
  },
}

function courseAt(startedAt: number, isStream: boolean): CallCourse {
  return {
    startedAt,
    begunAt: startedAt + 1,
    attemptedAt: startedAt + 1,
    trace: { traceId: '0af7651916cd43dd8448eb211c80319c', traceparent: traceparent, parentId: 'b7ad6b7169203331' },
    earlier: undefined,
    stream: isStream ? { firstAt: startedAt + 300, lastAt: startedAt + 900, largestGapMs: 40, pieces: 60 } : undefined,
    limits: undefined,
  }
}

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01'

/** The events of calls with different keys and models, every second one a stream. */
function eventsOfCalls(): readonly (readonly PosternEvent[])[] {
  return Array.from({ length: 400 }, (_, index) => {
    const [key, model, isStream] = [keys[index % 20] as string, models[(index * 7) % 20] as string, index % 2 === 1]
    const entry: LedgerEntry = {
      time: '2026-11-27T00:00:00.000Z',
      request_id: `_._.01ARZ3NDEKTSV4RRFFQ69G5FAV.${index}`,
      attempt: 1,
      gateway: 'main',
      key,
      model_requested: model,
      usage: { input: 900, output: 120, cached: 0, reasoning: 0, source: 'answer' },
      cost: { amount: 0.0021, unit: 'USD' },
      finish: 'complete',
      overhead_ms: 0.21,
      method: 'POST',
      path: '/v1/chat/completions',
      status: 200,
      duration_ms: 900,
      trace_id: '0af7651916cd43dd8448eb211c80319c',
    }
    const stream: PosternEvent[] = isStream
      ? [
          { type: 'stream_begun', gateway: 'main' },
          { type: 'stream_ended', gateway: 'main' },
        ]
      : []
    return [
      { type: 'call_begun', gateway: 'main', key, limits: undefined },
      ...stream,
      { type: 'call_ended', entry, course: courseAt(1000, isStream) },
    ]
  })
}

function cost(witness: Witness, calls: readonly (readonly PosternEvent[])[], times: number): number {
  const before = process.cpuUsage()
  for (let time = 0; time < times; time += 1) for (const event of calls[time % calls.length] as readonly PosternEvent[]) witness(event)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / times
}

async function openSpanWriter(): Promise<Witness> {
  const { openSpansTo } = (await load('otlp')) as { openSpansTo: (exporter: object) => Promise<{ readonly witness: Witness }> }
  const exporter = { export: (_: unknown, done: (result: object) => void) => done({ code: 0 }), shutdown: () => Promise.resolve() }
  return (await openSpansTo(exporter)).witness
}

async function measure({ rounds, calls }: TelemetryJob): Promise<TelemetryCosts> {
  const { createMeter } = (await load('meter')) as { createMeter: (current: () => unknown) => { readonly witness: Witness } }
  const events = eventsOfCalls()
  const witnesses = { metrics: createMeter(() => checked).witness, spans: await openSpanWriter() }
  const costs: TelemetryCosts = { metrics: [], spans: [] }
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of ['metrics', 'spans'] as const) {
      const spent = cost(witnesses[name], events, name === 'metrics' ? calls : Math.ceil(calls / 10))
      // The first round only warms up.
      if (round > 0) costs[name].push(spent)
    }
  }
  return costs
}

const costs = await measure(await readJob<TelemetryJob>())
process.stdout.write(`${JSON.stringify(costs)}\n`, () => process.exit())
