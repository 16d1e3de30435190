import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Problem, regularFile } from '@postern/config'
import { redactKeys } from '@postern/protocol'

const variable = 'NODE_EXTRA_CA_CERTS'

/** The largest file of certificates, in bytes; a system's whole store has some 200 kB. */
const maxBytes = 16 * 1024 * 1024

/**
 * Warns if the authorities of `NODE_EXTRA_CA_CERTS` are not trusted. Node reads the variable and its file once, before any
 * code of Postern runs, and passes over a file that it cannot use.
 *
 * @param dotenv The variables of the `.env` beside the configuration.
 * @param directory The folder of both.
 */
export function checkExtraAuthorities(dotenv: Readonly<Record<string, string>>, directory: string): readonly Problem[] {
  const file = process.env[variable] ?? ''
  if (file === '') {
    const written = dotenv[variable] ?? ''
    if (written === '') return []
    return warn(
      'has no effect in .env, which is read after Node has started.',
      `Set it for the process itself, for example: ${variable}=${written} postern start`,
    )
  }
  const written = dotenv[variable] ?? ''
  const fault = faultOf(file)
  if (fault === undefined && written !== '' && written !== file && resolve(directory, written) !== resolve(file))
    return warn(
      `is ${written} in .env, which has no effect: the process has it as ${file}.`,
      'Write the certificates into one file and set it for the process, or remove the line from .env.',
    )
  return fault === undefined
    ? []
    : warn(`names the file ${file}, which ${fault}, so its authorities are not trusted.`, 'Correct it, and start again.')
}

function faultOf(file: string): string | undefined {
  try {
    if (regularFile(file).size > maxBytes) return 'is too large for a file of certificates'
    return readFileSync(file, 'latin1').includes('CERTIFICATE-----') ? undefined : 'holds no certificate in PEM'
  } catch (error) {
    return `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`
  }
}

function warn(reason: string, fix: string): readonly Problem[] {
  return [{ path: variable, reason: redactKeys(reason), fix: redactKeys(fix), severity: 'warning' }]
}
