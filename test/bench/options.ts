import { parseArgs } from 'node:util'
import type { Plan } from './plan.js'
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
  'growth',
  'revocation',
  'sse',
  'ttft',
  'memory',
] as const
export type Mode = (typeof modes)[number]

export interface Options {
  readonly help: boolean
  readonly modes: readonly Mode[]
  readonly subjects: readonly Subject[]
  readonly plan: Plan
  /** Where the figures go as JSON: a file, or `-` for stdout. */
  readonly json: string | undefined
}

export const usage = `Usage: npm run bench -- [options]

Measures Postern beside plain Node proxies and a hand-written Express stack, all in front of one upstream, on this machine.

Options:
  --only MODE       ${modes.join(', ')}; several with commas (default: all)
  --subjects LIST   ${subjects.map(({ name }) => name).join(', ')}; several with commas (default: all); callers
                    and growth are always measured at Postern
  --streams N       open streams in the memory measurement (default: ${fullPlan.memory.streams}, quick: ${quickPlan.memory.streams})
  --quick           shorter rounds
  --json FILE       also write the figures as JSON; with - they go to stdout, and the tables to stderr
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

export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      only: { type: 'string' },
      subjects: { type: 'string' },
      streams: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
    },
  })
  const plan = values.quick ? quickPlan : fullPlan
  const streams = Number(values.streams ?? plan.memory.streams)
  if (!Number.isInteger(streams) || streams < 1) throw new TypeError('--streams must be a whole number above 0')
  return {
    help: values.help,
    modes: choose(modes, (mode) => mode, values.only, '--only'),
    subjects: choose(subjects, ({ name }) => name, values.subjects, '--subjects'),
    plan: { ...plan, memory: { ...plan.memory, streams } },
    json: values.json,
  }
}
