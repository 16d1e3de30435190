import { parseArgs } from 'node:util'
import { dimensions } from './dimensions.js'
import type { Plan } from './plan.js'
import { findNodeLine, type NodeLine, ownLine } from './node-line.js'
import { fullPlan, quickPlan } from './plan.js'
import type { Subject } from './subjects.js'
import { hasPortkey } from './portkey.js'
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
  'workers',
  'charts',
  'held',
] as const
export type Mode = (typeof modes)[number]

/** What `--quick` measures. */
const quickModes: readonly Mode[] = ['json', 'backend', 'sse', 'ttft', 'memory']

/** What takes long, and is measured only where it is asked for or everything is written. */
const longModes: readonly Mode[] = ['charts', 'held']

/** What is measured where `--only` does not say. */
function usualModes(quick: boolean, writes: boolean): readonly Mode[] {
  if (quick) return quickModes
  return writes ? modes : modes.filter((mode) => !longModes.includes(mode))
}

export interface Options {
  readonly help: boolean
  /** Whether products of others are measured beside the usual subjects. */
  readonly peers: boolean
  /** Whether the rounds are short, and subjects that no goal is held against are left out. */
  readonly quick: boolean
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
  /** The folder that gets everything that the documentation shows of a run. */
  readonly write: string | undefined
  /** The subject that is profiled, in place of measuring. */
  readonly profile: Subject | undefined
}

export const usage = `Usage: npm run bench -- [options]

Measures Postern beside plain Node proxies and a hand-written Express stack, all in front of one upstream, on this machine.

Options:
  --only MODE       ${modes.join(', ')}; several with commas (default: all but ${longModes.join(' and ')}, with --write
                    all; quick: ${quickModes.join(', ')})
  --subjects LIST   ${subjects.map(({ name }) => name).join(', ')}; several with commas (default: all for json, the bare
                    ones, the Express stack and Postern elsewhere); callers, growth, charts and workers are always measured at
                    Postern; held has the bare limit and Postern
  --peers           measure Portkey's gateway for json too; it is installed apart, the first time
  --node LIST       the lines of Node that the subjects run under, with commas: 20, 24 (default: ${ownLine.major}, which runs this)
  --streams N       open streams in memory (default: ${fullPlan.memory.streams}, quick: ${quickPlan.memory.streams}) and in held (default:
                    ${fullPlan.held.streams}, quick: ${quickPlan.held.streams})
  --seconds N       how long streams are held in held (default: ${fullPlan.held.seconds}, quick: ${quickPlan.held.seconds})
  --along LIST      what grows in charts: ${dimensions.map(({ name }) => name).join(', ')}; several with commas (default: all but bodies)
  --quick           shorter rounds of what takes least: under two minutes for each line of Node
  --json FILE       also write the figures as JSON; with - they go to stdout, and the tables to stderr
  --chart FILE      also draw what a JSON request costs by subject and line of Node, as SVG
  --write FOLDER    write figures, tables, goals and every chart into this folder: docs/benchmarks for what the documentation shows
  --profile NAME    measure nothing; print where this subject spends its CPU under JSON requests, under each line of Node
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

/** The subjects of streams that are held, unless others are asked for: each takes minutes. */
const heldSubjects = ['bare-limit', 'postern']

/** What no goal is held against: left out where a run is quick. */
const withoutGoal = ['nginx', 'express-proxy']

/** The subjects of a measurement. */
export function subjectsOf(
  { subjects: asked, peers, quick }: Pick<Options, 'subjects' | 'peers' | 'quick'>,
  mode: Mode,
): readonly Subject[] {
  if (asked !== undefined) return asked
  if (mode === 'held') return subjects.filter(({ name }) => heldSubjects.includes(name))
  return subjects.filter(
    ({ name, jsonOnly, isPeer = false }) => (mode === 'json' || !jsonOnly) && (peers || !isPeer) && !(quick && withoutGoal.includes(name)),
  )
}

export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      only: { type: 'string' },
      subjects: { type: 'string' },
      streams: { type: 'string' },
      seconds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      peers: { type: 'boolean', default: false },
      node: { type: 'string' },
      json: { type: 'string' },
      chart: { type: 'string' },
      write: { type: 'string' },
      profile: { type: 'string' },
      along: { type: 'string' },
    },
  })
  const asked = values.subjects === undefined ? undefined : choose(subjects, ({ name }) => name, values.subjects, '--subjects')
  if ((values.peers || asked?.some(({ isPeer }) => isPeer === true) === true) && !hasPortkey())
    throw new TypeError('Portkey’s gateway is not installed: say --peers to "npm run bench", which installs it')
  const plan = values.quick ? quickPlan : fullPlan
  const streams = Number(values.streams ?? plan.memory.streams)
  if (!Number.isInteger(streams) || streams < 1) throw new TypeError('--streams must be a whole number above 0')
  const seconds = Number(values.seconds)
  if (values.seconds !== undefined && !(seconds > 0)) throw new TypeError('--seconds must be a number above 0')
  return {
    help: values.help,
    peers: values.peers,
    quick: values.quick,
    modes:
      values.only === undefined
        ? usualModes(values.quick, values.write !== undefined)
        : choose(modes, (mode) => mode, values.only, '--only'),
    subjects: asked,
    lines: values.node === undefined ? [ownLine] : values.node.split(',').map((name) => findNodeLine(name.trim())),
    plan: {
      ...plan,
      along:
        values.along === undefined ? plan.along : choose(dimensions, ({ name }) => name, values.along, '--along').map(({ name }) => name),
      memory: { ...plan.memory, streams },
      held: { ...plan.held, ...(values.streams === undefined ? {} : { streams }), ...(values.seconds === undefined ? {} : { seconds }) },
    },
    json: values.json,
    chart: values.chart,
    write: values.write,
    profile: values.profile === undefined ? undefined : choose(subjects, ({ name }) => name, values.profile, '--profile')[0],
  }
}
