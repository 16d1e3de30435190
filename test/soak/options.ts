import { parseArgs } from 'node:util'

export interface Options {
  readonly help: boolean
  readonly minutes: number
  readonly perSecond: number
  readonly seed: number
  /** The files that get the picture and the figures. */
  readonly picture: string | undefined
  readonly json: string | undefined
}

export const usage = `Usage: npm run soak -- [options]

Runs Postern under mixed traffic and looks whether memory, handles, sockets and listeners stay flat after a warm-up: JSON, streams,
cut streams, refused calls, faults of the gateway, sessions, repeats and pages; meanwhile the configuration is read again, secrets and
keys rotate, sessions are revoked and the store is locked.

Options:
  --minutes N       how long (default: 60). The first half is the warm-up, 20 minutes at most
  --rate N          calls that begin in a second (default: 100)
  --seed N          the same seed makes the same calls in the same order (default: a new one, which is printed)
  --picture FILE    draw everything over time, as SVG
  --json FILE       write every sample and the verdicts
  --help            show this text

Exit status: 0 all of it is flat and every call ended as it should, 1 something grows or a call did not, 2 the soak could not be completed.
`

/** @throws {TypeError} if an option is none. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      minutes: { type: 'string', default: '60' },
      rate: { type: 'string', default: '100' },
      seed: { type: 'string' },
      picture: { type: 'string' },
      json: { type: 'string' },
    },
  })
  return {
    help: values.help,
    minutes: above0('--minutes', values.minutes),
    perSecond: above0('--rate', values.rate),
    seed: values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : seedOf(values.seed),
    picture: values.picture,
    json: values.json,
  }
}

function above0(option: string, text: string): number {
  const number = Number(text)
  if (!(number > 0 && Number.isFinite(number))) throw new TypeError(`${option}: "${text}" is no number above 0`)
  return number
}

function seedOf(text: string): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 0) throw new TypeError(`--seed: "${text}" is no whole number from 0 on`)
  return number
}
