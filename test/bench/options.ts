import { parseArgs } from 'node:util'
import type { Plan } from './plan.js'
import { findNodeLine, type NodeLine, ownLine } from './node-line.js'
import { fullPlan, quickPlan } from './plan.js'
import type { Subject } from './subjects.js'
import { subjects } from './subjects.js'

export const modes = [
  'json',
  'backend',
  'callers',
  'identify',
  'leak',
  'telemetry',
  'limits',
  'growth',
  'revocation',
  'sse',
  'ttft',
  'memory',
] as const
export type Mode = (typeof modes)[number]

/** What `--quick` measures. */
const quickModes: readonly Mode[] = ['json', 'backend', 'sse', 'ttft', 'memory']

export interface Options {
  readonly help: boolean
  readonly modes: readonly Mode[]
  /** Those that were asked for by name; `undefined`: none were, and each measurement has its own. */
  readonly subjects: readonly Subject[] | undefined
  /** The lines of Node that the subjects run under, one after the other. */
  readonly lines: readonly NodeLine[]
  readonly plan: Plan
  /** Where the figures go as JSON: a file, or `-` for stdout. */
  readonly json: string | undefined
  /** The file that gets the chart of JSON requests, as SVG. */
  readonly chart: string | undefined
}

export const usage = `Usage: npm run bench -- [options]

Measures Postern beside plain Node proxies and a hand-written Express stack, all in front of one upstream, on this machine.

Options:
  --only MODE       ${modes.join(', ')}; several with commas (default: all; quick: ${quickModes.join(', ')})
  --subjects LIST   ${subjects.map(({ name }) => name).join(', ')}; several with commas (default: all for json, the bare
                    ones, the Express stack and Postern elsewhere); callers and growth are always measured at Postern
  --node LIST       the lines of Node that the subjects run under, with commas: 20, 24 (default: ${ownLine.major}, which runs this)
  --streams N       open streams in the memory measurement (default: ${fullPlan.memory.streams}, quick: ${quickPlan.memory.streams})
  --quick           shorter rounds of what takes least: under two minutes for each line of Node
  --json FILE       also write the figures as JSON; with - they go to stdout, and the tables to stderr
  --chart FILE      also draw what a JSON request costs by subject and line of Node, as SVG
  --help            show this text

Exit status: 0 every gating goal is met (or its subjects were left out), 1 one is missed, 2 the benchmark could not be completed.
`

/** Chooses by name, in the order of `all`. */
function choose<T>(all: readonly T[], nameOf: (item: T) => string, list: string | undefined, option: string): readonly T[] {
  if (list === undefined) return all
  const names = list.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !all.some((item) => nameOf(item) === name))
  if (unknown !== undefined) throw new TypeError(`${option}: '${unknown}' is none of ${all.map(nameOf).join(', ')}`)
  return all.filter((item) => names.includes(nameOf(item)))
}

/** The subjects of a measurement. */
export function subjectsOf({ subjects: asked }: Pick<Options, 'subjects'>, mode: Mode): readonly Subject[] {
  return asked ?? subjects.filter(({ jsonOnly }) => mode === 'json' || !jsonOnly)
}

export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      only: { type: 'string' },
      subjects: { type: 'string' },
      streams: { type: 'string' },
      quick: { type: 'boolean', default: false },
      node: { type: 'string' },
      json: { type: 'string' },
      chart: { type: 'string' },
    },
  })
  const plan = values.quick ? quickPlan : fullPlan
  const streams = Number(values.streams ?? plan.memory.streams)
  if (!Number.isInteger(streams) || streams < 1) throw new TypeError('--streams must be a whole number above 0')
  return {
    help: values.help,
    modes: values.only === undefined && values.quick ? quickModes : choose(modes, (mode) => mode, values.only, '--only'),
    subjects: values.subjects === undefined ? undefined : choose(subjects, ({ name }) => name, values.subjects, '--subjects'),
    lines: values.node === undefined ? [ownLine] : values.node.split(',').map((name) => findNodeLine(name.trim())),
    plan: { ...plan, memory: { ...plan.memory, streams } },
    json: values.json,
    chart: values.chart,
  }
}
