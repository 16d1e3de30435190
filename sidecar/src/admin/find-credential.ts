import { dirname, resolve } from 'node:path'
import { readSecret } from '@postern/config'
import { dotenvBeside, readDotenv } from '../load-config.js'
import { readYaml } from '../read-yaml.js'
import { givenCredential } from './ask.js'

/**
 * Finds what a command presents to the admin listener: the credential of the variable, or else `admin.secret`. Reads nothing else
 * of the configuration; where something cannot be read, it is the running process that says what is wrong with it.
 */
export function findCredential(config: string): string | undefined {
  const file = resolve(config)
  const dotenv = orNothing(() => readDotenv(dotenvBeside(file))) ?? {}
  const given = givenCredential(dotenv)
  if (given !== undefined) return given
  const raw = orNothing(() => readYaml(config).raw) as { readonly admin?: { readonly secret?: unknown } | null } | null | undefined
  const reference = raw?.admin?.secret
  if (!isReference(reference)) return undefined
  const result = readSecret(reference, { env: { ...dotenv, ...process.env }, directory: dirname(file) })
  return 'secret' in result ? result.secret.reveal() : undefined
}

function isReference(value: unknown): value is { readonly env: string } | { readonly file: string } {
  if (typeof value !== 'object' || value === null) return false
  return ('env' in value && typeof value.env === 'string') || ('file' in value && typeof value.file === 'string')
}

function orNothing<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
