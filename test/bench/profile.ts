import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { Bench } from './interleave.js'
import type { RequestsJob } from './job.js'
import { load } from './run-load.js'
import { sourceOf } from './source-of.js'
import type { Subject } from './subjects.js'
import { drawTable, figure } from './table-text.js'

/** A profile of V8, as its inspector gives it. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** How many functions are printed. */
const shown = 25
/** How long the inspector may take to say where it listens, in milliseconds. */
const patienceMs = 10_000
/** Between two samples, in microseconds. */
const everyMicroseconds = 200

/** Profiles a subject under the load of JSON requests, once it is warm. Returns the functions that take most, by what they take themselves. */
export async function profileSubject(bench: Bench, subject: Subject): Promise<string> {
  const { warmup, seconds, connections, least } = bench.plan.json
  bench.progress.step(`profile: warming up ${subject.name}`)
  process.env['NODE_OPTIONS'] = '--inspect=127.0.0.1:0'
  const running = await subject.start(bench.upstream, bench.node).finally(() => delete process.env['NODE_OPTIONS'])
  const job: RequestsJob = { mode: 'requests', kind: 'chat', target: running.target, connections, seconds: warmup, least: least.warmup }
  await load(running, job)
  const inspector = await openInspector(() => running.child.stderr)
  await inspector.ask('Profiler.enable')
  await inspector.ask('Profiler.setSamplingInterval', { interval: everyMicroseconds })
  await inspector.ask('Profiler.start')
  bench.progress.step(`profile: ${subject.name}`)
  await load(running, { ...job, seconds: seconds * 2, least: least.round })
  const { profile } = (await inspector.ask('Profiler.stop')) as { readonly profile: CpuProfile }
  inspector.close()
  await running.child.stop()
  return profileTable(subject.title, profile)
}

/** What takes most of a profile: whose code it is, and which functions. Waiting is left out. */
export function profileTable(title: string, { nodes, samples, timeDeltas }: CpuProfile): string {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const functions = new Map<string, number>()
  const owners = new Map<string, number>()
  let all = 0
  for (const [index, id] of samples.entries()) {
    const frame = frames.get(id)
    const took = timeDeltas[index] ?? 0
    if (frame === undefined || frame.functionName === '(idle)') continue
    const source = sourceOf(frame.url, frame.lineNumber)
    add(functions, `${frame.functionName || '(anonymous)'}${source === '' ? '' : ` ${source.split('/').slice(-3).join('/')}`}`, took)
    add(owners, ownerOf(frame.functionName, source), took)
    all += took
  }
  const rowsOf = (times: ReadonlyMap<string, number>, most: number): string[][] =>
    [...times]
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, most)
      .map(([name, took]) => [name, figure((took / all) * 100, 1)])
  return [
    drawTable([`profile of ${title}: whose code`, 'self time, %'], rowsOf(owners, owners.size)),
    drawTable(['function', 'self time, %'], rowsOf(functions, shown)),
  ].join('\n\n')
}

function add(times: Map<string, number>, name: string, took: number): void {
  times.set(name, (times.get(name) ?? 0) + took)
}

function ownerOf(functionName: string, source: string): string {
  if (functionName === '(garbage collector)') return 'collecting garbage'
  if (functionName === '(program)') return 'V8 and the system, outside of JavaScript'
  if (source === '') return 'built into Node or V8 (writev, JSON, …)'
  if (source.startsWith('node:')) return 'Node’s own JavaScript'
  const [, library] = /\/node_modules\/(?:\.pnpm\/[^/]+\/node_modules\/)?((?:@[^/]+\/)?[^/]+)\//.exec(source) ?? []
  if (library !== undefined) return library
  const [, room] = /\/(packages\/[^/]+\/dist\/[^/]+|sidecar\/dist\/[^/]+)/.exec(source) ?? []
  return room?.replace('/dist', '') ?? 'the subject’s own'
}

interface Inspector {
  ask(method: string, params?: object): Promise<unknown>
  close(): void
}

async function openInspector(stderr: () => string): Promise<Inspector> {
  const deadline = performance.now() + patienceMs
  let address: string | undefined
  while ((address = /Debugger listening on (ws:\S+)/.exec(stderr())?.[1]) === undefined) {
    if (performance.now() > deadline) throw new Error('the inspector of the subject did not say where it listens')
    await sleep(20)
  }
  const socket = new WebSocket(address, { maxPayload: 2 ** 30 })
  await once(socket, 'open')
  const waiting = new Map<number, (result: unknown) => void>()
  socket.on('message', (data: Buffer) => {
    const { id, result } = JSON.parse(data.toString()) as { readonly id?: number; readonly result?: unknown }
    if (id !== undefined) waiting.get(id)?.(result)
  })
  let last = 0
  return {
    ask(method, params = {}) {
      const id = (last += 1)
      return new Promise((answered) => {
        waiting.set(id, answered)
        socket.send(JSON.stringify({ id, method, params }))
      })
    },
    close: () => socket.terminate(),
  }
}
