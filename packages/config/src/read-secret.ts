import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Secret } from '@postern/ports'
import type { ReadPrices } from './check-prices.js'
import { regularFile } from './regular-file.js'
import type { SecretReference } from './schema-parts.js'

/** The largest file of a secret, in bytes: room for a hash ring of 100,000 callers. */
const maxSecretBytes = 16 * 1024 * 1024

/** Where secrets are read. */
export interface SecretPlaces {
  /** The environment variables, for `{ env: NAME }`. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The folder that relative paths of `{ file: PATH }` start from. */
  readonly directory: string
  /** Called with the path of each file just before it is read. */
  readonly beforeRead?: (file: string) => void
  /**
   * Advice for a variable that is not set, if the process does not read the `.env` file beside the configuration, as
   * `postern()` in Express does not.
   */
  readonly unsetFix?: (name: string) => string
  /**
   * Whether the configuration can be used without the secret of this setting, such as `admin.secret`. Then a secret that
   * cannot be read is a warning. Default: every secret must be there.
   */
  readonly isOptional?: (path: string) => boolean
  /** Reads the file that `limits.prices` names. Default: a path there is refused, and the prices themselves must stand in its place. */
  readonly readPrices?: ReadPrices
}

/** A secret; or why it could not be read, and the fix. */
export type SecretResult = { readonly secret: Secret } | { readonly reason: string; readonly fix: string }

/** Reads the secret of a reference. Removes one line break at the end of a file. */
export function readSecret(reference: SecretReference, places: SecretPlaces): SecretResult {
  return 'env' in reference ? readVariable(reference.env, places) : readSecretFile(reference.file, places)
}

function readVariable(name: string, { env, unsetFix = setOrWrite }: SecretPlaces): SecretResult {
  const value = env[name]
  if (value === undefined)
    return {
      reason: `points to the environment variable ${name}, which is not set.`,
      fix: unsetFix(name),
    }
  if (value.trim() === '') return { reason: `points to the environment variable ${name}, which is empty.`, fix: `Give ${name} its value.` }
  // Node has replaced each invalid byte of the variable by U+FFFD.
  if (value.includes('\ufffd'))
    return { reason: `points to the environment variable ${name}, which holds bytes that are no UTF-8.`, fix: textFix }
  return { secret: new Secret(value) }
}

function setOrWrite(name: string): string {
  return `Set ${name}, or write it into .env beside the configuration.`
}

const textFix = 'Write it as text; random bytes, for one, in base64url.'

function readSecretFile(path: string, { directory, beforeRead }: SecretPlaces): SecretResult {
  let bytes: Buffer
  try {
    const file = resolve(directory, path)
    beforeRead?.(file)
    const { size } = regularFile(file)
    if (size > maxSecretBytes)
      return { reason: `points to the file ${path}, which has ${size} bytes.`, fix: 'Write the secret alone into it.' }
    bytes = readFileSync(file)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    return { reason: `points to the file ${path}, which cannot be read (${code}).`, fix: 'Create it, or let the process read it.' }
  }
  if (!isUtf8(bytes)) return { reason: `points to the file ${path}, which holds bytes that are no UTF-8.`, fix: textFix }
  const value = bytes.toString('utf8').replace(/\r?\n$/, '')
  return value.trim() === ''
    ? { reason: `points to the file ${path}, which is empty.`, fix: 'Write the secret into it.' }
    : { secret: new Secret(value) }
}
