import { parseArgs } from 'node:util'
import { EMULATED_GATEWAYS, type EmulatedGateway } from '@postern/emulator'
import type { RealGateway } from './open-subject.js'

export interface Options {
  readonly help: boolean
  readonly gateways: readonly EmulatedGateway[]
  /** A real gateway in place of the emulated ones. */
  readonly real: RealGateway | undefined
  /** Print what each case is called, not only what failed. */
  readonly verbose: boolean
  readonly json: boolean
}

export const usage = `Usage: npm run conformance -- [options]

Asks every row of every gateway's contract through Postern and prints what holds.

Options:
  --dialect NAME          only this gateway: ${EMULATED_GATEWAYS.join(', ')}
  --url URL               a real gateway of that dialect in place of the emulated one; rows that need an
                          error on demand, or a look at what arrives, are left out and counted as such
  --key-env NAME          the environment variable that holds its key
  --provider-key-env NAME the one that holds the provider's key, where the dialect takes one
  --project NAME          the project of the key, where the dialect takes one
  --model NAME            a model it answers for; costs a few tokens
  --verbose               name every case
  --json                  print the result as JSON
  --help                  show this text

Exit status: 0 everything holds, 1 something does not, 2 wrong usage.
`

/** Wrong usage, in a sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export function readOptions(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Options {
  const { values } = read(args)
  const dialect = EMULATED_GATEWAYS.find((name) => name === values.dialect)
  if (values.dialect !== undefined && dialect === undefined) {
    throw new UsageError(`--dialect: "${values.dialect}" is none of ${EMULATED_GATEWAYS.join(', ')}`)
  }
  return {
    help: values.help,
    gateways: dialect === undefined ? EMULATED_GATEWAYS : [dialect],
    real: values.url === undefined ? undefined : readReal({ ...values, url: values.url }, dialect, env),
    verbose: values.verbose,
    json: values.json,
  }
}

function read(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  try {
    return parseArgs({
      args: [...args],
      options: {
        dialect: text,
        url: text,
        'key-env': text,
        'provider-key-env': text,
        project: text,
        model: text,
        verbose: flag,
        json: flag,
        help: { ...flag, short: 'h' },
      },
    })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

interface RealValues {
  readonly url: string
  readonly 'key-env'?: string | undefined
  readonly 'provider-key-env'?: string | undefined
  readonly project?: string | undefined
  readonly model?: string | undefined
}

function readReal(
  values: RealValues,
  dialect: EmulatedGateway | undefined,
  env: Readonly<Record<string, string | undefined>>,
): RealGateway {
  if (dialect === undefined) throw new UsageError('--url needs --dialect: which gateway is it?')
  if (!URL.canParse(values.url)) throw new UsageError(`--url: "${values.url}" is not a URL`)
  const secretIn = (name: string): string => {
    const secret = env[name]
    if (secret === undefined || secret === '') throw new UsageError(`the environment variable ${name} is not set`)
    return secret
  }
  if (values['key-env'] === undefined) throw new UsageError('--url needs --key-env: the environment variable that holds the key')
  const provider = values['provider-key-env']
  return {
    url: values.url,
    key: secretIn(values['key-env']),
    providerKey: provider === undefined ? undefined : secretIn(provider),
    project: values.project,
    model: values.model,
  }
}
