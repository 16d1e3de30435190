import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { Secret } from '@postern/ports'
import { Failure } from '../failure.js'

/** Where a command reads a new secret. Without `env` and `file`: from the terminal or stdin. */
export interface NewSecretPlace {
  /** The name of a variable of the environment. */
  readonly env?: string | undefined
  readonly file?: string | undefined
}

/**
 * Reads a new secret from a variable or from a file. If neither is given, it reads what a person types at the terminal, without showing it,
 * or else stdin. One line break at the end of the secret is removed.
 *
 * @param what What a person is asked for: `the key of acme`.
 * @throws {Failure} if the variable is not set, the file cannot be read, or the secret is empty.
 */
export async function readNewSecret(what: string, { env, file }: NewSecretPlace): Promise<Secret> {
  const text = env !== undefined ? process.env[env] : file !== undefined ? readFile(file) : await readTyped(what)
  const secret = text?.replace(/\r?\n$/, '') ?? ''
  if (secret.trim() === '')
    throw new Failure(`${what}: ${env === undefined ? 'nothing was given.' : `the variable ${env} is not set, or empty.`}`)
  return new Secret(secret)
}

function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Failure(`${file} cannot be read (${String((error as NodeJS.ErrnoException).code)}).`)
  }
}

async function readTyped(what: string): Promise<string> {
  if (!process.stdin.isTTY) {
    const pieces: Buffer[] = []
    for await (const piece of process.stdin) pieces.push(piece as Buffer)
    return Buffer.concat(pieces).toString('utf8')
  }
  process.stderr.write(`${what} (it is not shown): `)
  const unseen = new Writable({ write: (_piece, _encoding, done) => done() })
  const asking = createInterface({ input: process.stdin, output: unseen, terminal: true })
  try {
    return await asking.question('')
  } finally {
    asking.close()
    process.stderr.write('\n')
  }
}
