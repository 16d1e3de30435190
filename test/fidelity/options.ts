import { parseArgs } from 'node:util'
import { plainId } from './plain-id.js'

export const parts = ['methods', 'streams', 'http'] as const
export type Part = (typeof parts)[number]

export interface Options {
  readonly help: boolean
  readonly parts: readonly Part[]
  /** A sample of each kind. */
  readonly short: boolean
  /** Stands for every id that a method takes. */
  readonly id: string
  readonly verbose: boolean
  readonly json: boolean
  /** Writes the page of the documents instead. */
  readonly page: boolean
}

export const usage = `Usage: npm run fidelity -- [options]

Makes the same calls directly and through Postern, and prints what is not the same: what the client makes of it, and what
the upstream got.

  methods  every method of the installed official clients (openai 6 and 7, @anthropic-ai/sdk), behind both doors
  streams  streams of OpenAI, Anthropic and Google, cut in two at every byte, behind both doors
  http     odd but legal HTTP on bare sockets, on the road to gateways and on the road to the backend

Options:
  --only LIST  of these, with commas (default: all)
  --id TEXT    stands for every id that a method takes, such as 'openai/gpt-4o' (default: ${plainId})
  --short      a sample of each kind, as the test suite does
  --verbose    name every method and every row
  --json       print the results as JSON
  --page       write docs/fidelity.md, which says what differs on purpose
  --help       show this text

Exit status: 0 everything is the same, or listed with its reason; 1 something is not; 2 wrong usage, or the run could not
be completed.
`

/** Wrong usage, in a sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export function readOptions(args: readonly string[]): Options {
  const { only, ...values } = read(args)
  const named = only?.split(',').map((name) => name.trim())
  const unknown = named?.find((name) => !parts.some((part) => part === name))
  if (unknown !== undefined) throw new UsageError(`--only: "${unknown}" is none of ${parts.join(', ')}`)
  return { ...values, parts: parts.filter((part) => named?.includes(part) !== false) }
}

function read(args: readonly string[]) {
  const flag = { type: 'boolean', default: false } as const
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        id: { type: 'string', default: plainId },
        short: flag,
        verbose: flag,
        json: flag,
        page: flag,
        help: { ...flag, short: 'h' },
      },
    }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
