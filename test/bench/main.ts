/** The benchmark: starts everything, measures, prints, and fails on a ratio, never on a time. */

import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { Child, stopAll } from './child.js'
import { callers } from './callers.js'
import { drawChart } from './chart.js'
import type { Bench } from './interleave.js'
import { measureMemory, measureSse, measureTtft } from './measure.js'
import { measureCallers } from './measure-callers.js'
import { growthSizes, measureGrowth, measuredStarts } from './measure-growth.js'
import { measureIdentify } from './measure-identify.js'
import { measureLimits } from './measure-limits.js'
import { measureLeak } from './measure-leak.js'
import { measureRevocation } from './measure-revocation.js'
import { chartSteps, measureCharts } from './measure-charts.js'
import { measureHeld } from './measure-held.js'
import { measureWorkers, workersCases } from './measure-workers.js'
import { measureTelemetry } from './measure-telemetry.js'
import { measureBackend, measureJson } from './measure-requests.js'
import type { LineResult } from './line-result.js'
import type { NodeLine } from './node-line.js'
import type { Mode, Options } from './options.js'
import { readOptions, subjectsOf, usage } from './options.js'
import { profileSubject } from './profile.js'
import { Progress } from './progress.js'
import { tablesOf } from './report.js'
import { goalsByLine, jsonByLine } from './report-lines.js'
import type { Subject } from './subjects.js'
import type { Results } from './verdicts.js'
import { judge } from './verdicts.js'
import { writeFiles } from './write-files.js'

const COULD_NOT_COMPLETE = 2

let interrupted = false

const measurements: Record<Mode, (bench: Bench, results: Results) => Promise<void>> = {
  json: async (bench, results) => {
    results.json = await measureJson(bench)
  },
  backend: async (bench, results) => {
    results.backend = await measureBackend(bench)
  },
  callers: async (bench, results) => {
    results.callers = await measureCallers(bench)
  },
  identify: async (bench, results) => {
    results.identify = await measureIdentify(bench)
  },
  leak: async (bench, results) => {
    results.leak = await measureLeak(bench)
  },
  telemetry: async (bench, results) => {
    results.telemetry = await measureTelemetry(bench)
  },
  limits: async (bench, results) => {
    results.limits = await measureLimits(bench)
  },
  growth: async (bench, results) => {
    results.growth = await measureGrowth(bench)
  },
  revocation: async (bench, results) => {
    results.revocation = await measureRevocation(bench)
  },
  sse: async (bench, results) => {
    results.sse = await measureSse(bench)
  },
  ttft: async (bench, results) => {
    results.ttft = await measureTtft(bench)
  },
  memory: async (bench, results) => {
    results.memory = await measureMemory(bench)
  },
  workers: async (bench, results) => {
    results.workers = await measureWorkers(bench)
  },
  charts: async (bench, results) => {
    results.charts = await measureCharts(bench)
  },
  held: async (bench, results) => {
    results.held = await measureHeld(bench)
  },
}

/** The steps a run shows: every round, and a warm-up where a process lives for several. */
function stepsOf(options: Options): number {
  const { modes, plan, lines } = options
  const stepsIn = (mode: Mode): number => {
    if (mode === 'identify' || mode === 'leak' || mode === 'telemetry' || mode === 'limits') return 1
    if (mode === 'revocation') return 2
    if (mode === 'charts') return chartSteps(plan.along)
    if (mode === 'held') return subjectsOf(options, mode).length
    if (mode === 'workers') return workersCases.length * (plan.json.rounds + 1)
    if (mode === 'growth') return measuredStarts.length + growthSizes.length * (plan.growth.rounds + 1)
    const measured = mode === 'callers' ? callers.length : subjectsOf(options, mode).length
    return measured * (plan[mode].rounds + (mode === 'memory' ? 0 : 1))
  }
  return lines.length * modes.reduce((sum, mode) => sum + stepsIn(mode), 0)
}

async function measureLine(options: Options, node: NodeLine, upstream: number, progress: Progress): Promise<LineResult> {
  const results: Results = {}
  for (const mode of options.modes)
    await measurements[mode]({ plan: options.plan, subjects: subjectsOf(options, mode), upstream, node, progress }, results)
  return { node: node.version, results, verdicts: judge(results, node.major) }
}

async function measureAll(options: Options): Promise<readonly LineResult[]> {
  const progress = new Progress(stepsOf(options))
  const upstream = Child.own('upstream')
  const { port } = await upstream.line<{ port: number }>()
  const lines: LineResult[] = []
  try {
    for (const node of options.lines) lines.push(await measureLine(options, node, port, progress))
  } finally {
    progress.clear()
  }
  return lines
}

function describe(lines: readonly LineResult[]): string {
  const ofEach = lines.flatMap(({ node, results }) => [`Node ${node.slice(1)}`, tablesOf(results)])
  const ofAll = lines.length > 1 ? [jsonByLine(lines), goalsByLine(lines)] : [goalsByLine(lines)]
  return `${[...ofEach, ...ofAll].filter((text) => text !== undefined).join('\n\n')}\n`
}

function figuresOf({ plan }: Options, lines: readonly LineResult[]): string {
  const machine = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length }
  return `${JSON.stringify({ machine, plan, lines }, null, 2)}\n`
}

/** Where a subject spends its CPU, under each line of Node. */
async function profileAll(subject: Subject, options: Options): Promise<number> {
  const progress = new Progress(options.lines.length * 2)
  const upstream = Child.own('upstream')
  const { port } = await upstream.line<{ port: number }>()
  for (const node of options.lines) {
    const table = await profileSubject({ plan: options.plan, subjects: [], upstream: port, node, progress }, subject)
    progress.clear()
    process.stdout.write(`Node ${node.version.slice(1)}\n\n${table}\n\n`)
  }
  return 0
}

async function run(options: Options): Promise<number> {
  if (options.profile !== undefined) return profileAll(options.profile, options)
  const lines = await measureAll(options)
  const tables = describe(lines)
  if (options.json === '-') process.stderr.write(tables)
  else process.stdout.write(tables)
  if (options.json !== undefined) {
    const text = figuresOf(options, lines)
    if (options.json === '-') process.stdout.write(text)
    else writeFileSync(options.json, text)
  }
  if (options.write !== undefined) writeFiles(options.write, lines, figuresOf(options, lines), tables)
  const chart = options.chart === undefined ? undefined : drawChart(lines)
  if (options.chart !== undefined && chart !== undefined) writeFileSync(options.chart, chart)
  return lines.some(({ verdicts }) => verdicts.some(({ gates, met }) => gates && !met)) ? 1 : 0
}

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = readOptions(args)
    if (options.help) {
      process.stdout.write(usage)
      return 0
    }
    if (process.platform !== 'linux') throw new Error('the benchmark reads /proc and needs Linux')
    const began = performance.now()
    const code = await run(options)
    process.stderr.write(`bench: ${Math.round((performance.now() - began) / 1000)} s\n`)
    return code
  } catch (error) {
    if (!interrupted) process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
    return COULD_NOT_COMPLETE
  } finally {
    await stopAll()
  }
}

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.on(signal, () => {
    interrupted = true
    void stopAll().finally(() => process.exit(status))
  })
}

process.exitCode = await main(process.argv.slice(2))
