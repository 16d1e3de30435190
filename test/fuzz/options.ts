import { parseArgs } from 'node:util'
import { readChoices } from './choices.js'
import type { Target } from './target.js'
import { longestTurnMs } from './targets/bounds.js'
import { targets } from './targets/index.js'

export interface Options {
  readonly help: boolean
  readonly seed: number
  readonly targets: readonly Target[]
  /** Inputs over all targets. */
  readonly inputs: number
  /** After this time no batch is begun, in seconds. */
  readonly seconds: number
  /** How long it may take to make the input of one finding smaller, in milliseconds. */
  readonly shrinkMs: number
  /** A shorter turn of the loop is no finding, in milliseconds. */
  readonly turnMs: number
  readonly json: boolean
  /** One input alone, of the only target. */
  readonly one: { readonly index: number } | { readonly replay: readonly number[] } | undefined
}

const usual = { inputs: 120_000, seconds: 120, shrinkMs: 10_000, turnMs: longestTurnMs }
const long = { inputs: 1_000_000, seconds: 3600, shrinkMs: 20_000, turnMs: longestTurnMs }
// It runs beside other tests, which take the processor's caches and clock from it.
const short = { inputs: 6000, seconds: 12, shrinkMs: 2000, turnMs: 5 * longestTurnMs }

const list = targets.map(({ name, title }) => `  ${name.padEnd(17)} ${title}`).join('\n')

export const usage = `Usage: npm run fuzz -- [options]

Throws inputs at every door of Postern, at what it reads from gateways, backends and issuers, and at the functions behind
them, and looks for a process that ends, a turn of its loop above ${longestTurnMs} ms, a key that comes out in any form, a request that
nobody sent, two answers to one request, and connections or memory that are not given back.

Options:
  --seed N          the same seed makes the same inputs (default: drawn, and printed first)
  --only LIST       targets, with commas (default: all)
  --inputs N        inputs over all targets (default: ${usual.inputs})
  --seconds N       begin nothing after this time (default: ${usual.seconds})
  --long            ${long.inputs} inputs and ${long.seconds} s
  --short           ${short.inputs} inputs and ${short.seconds} s, and turns above ${short.turnMs} ms only, as the test suite does
  --input N         only the input of this number; needs --seed and --only
  --replay CHOICES  only the input that is made of these choices, as a finding prints them; needs --seed and --only
  --json            print findings and figures as JSON on stdout
  --help            show this text

Targets:
${list}

A finding is shrunk: it prints the smallest input that still shows it, and the command that throws that one alone.
What a batch shows and none of its inputs shows alone is thrown again, and told only where it comes again.

Exit status: 0 nothing was found, 1 something was, 2 wrong usage, or the run could not be completed.
`

/** Wrong usage, in a sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export function readOptions(args: readonly string[]): Options {
  const values = read(args)
  const preset = values.long ? long : values.short ? short : usual
  const only = choose(values.only)
  const one = readOne(values)
  if (one !== undefined && (only.length !== 1 || values.seed === undefined)) {
    throw new UsageError('--input and --replay need --seed, and --only with one target')
  }
  return {
    help: values.help,
    seed: values.seed === undefined ? drawSeed() : whole('--seed', values.seed, 0),
    targets: only,
    inputs: values.inputs === undefined ? preset.inputs : whole('--inputs', values.inputs, 1),
    seconds: values.seconds === undefined ? preset.seconds : whole('--seconds', values.seconds, 1),
    shrinkMs: preset.shrinkMs,
    turnMs: preset.turnMs,
    json: values.json,
    one,
  }
}

function read(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  try {
    return parseArgs({
      args: [...args],
      options: {
        seed: text,
        only: text,
        inputs: text,
        seconds: text,
        long: flag,
        short: flag,
        input: text,
        replay: text,
        json: flag,
        help: { ...flag, short: 'h' },
      },
    }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function choose(only: string | undefined): readonly Target[] {
  if (only === undefined) return targets
  const names = only.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !targets.some((target) => target.name === name))
  if (unknown !== undefined) throw new UsageError(`--only: "${unknown}" is none of ${targets.map(({ name }) => name).join(', ')}`)
  return targets.filter(({ name }) => names.includes(name))
}

function readOne({ input, replay }: { readonly input?: string | undefined; readonly replay?: string | undefined }): Options['one'] {
  if (replay === undefined) return input === undefined ? undefined : { index: whole('--input', input, 0) }
  try {
    return { replay: readChoices(replay) }
  } catch (error) {
    throw new UsageError(`--replay: ${(error as Error).message}`)
  }
}

function whole(option: string, text: string, least: number): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < least) throw new UsageError(`${option}: "${text}" is no whole number from ${least} on`)
  return number
}

function drawSeed(): number {
  return Math.floor(Math.random() * 2 ** 31)
}
