import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Config } from '@postern/core'
import { parse as parseDotenv } from 'dotenv'
import { parse as parseYaml } from 'yaml'
import { Failure } from './failure.js'

type Service = NonNullable<Config['callers']['service']>

/** The hash ring of a configuration, where it is kept. */
export interface Ring {
  /** `label:sha256hex` entries; empty where there are none yet. */
  readonly text: string
  readonly principals: Service['principals']
  /** The environment variable that holds it, if it is one. */
  readonly variable: string | undefined
  /** Writes it back; gives the file, or `undefined` where it lives in an environment that only its owner can set. */
  write(text: string): string | undefined
}

/**
 * Opens the ring that `callers.service.hashes` points to. It may be empty or not be there yet: that is how
 * the first caller is added.
 *
 * @throws {Failure} where the configuration names no ring.
 */
export function openRing(config: string): Ring {
  const directory = dirname(resolve(config))
  const service = readService(config)
  if ('file' in service.hashes) return fileRing(resolve(directory, service.hashes.file), service)
  return variableRing(service.hashes.env, resolve(directory, '.env'), service)
}

function fileRing(file: string, { principals }: Service): Ring {
  return {
    text: readOrEmpty(file),
    principals,
    variable: undefined,
    write(text) {
      writePrivately(file, `${text}\n`)
      return file
    },
  }
}

function variableRing(variable: string, dotenvFile: string, { principals }: Service): Ring {
  const dotenv = readOrEmpty(dotenvFile)
  const inFile = parseDotenv(dotenv)[variable]
  const inEnvironment = process.env[variable]
  return {
    text: inEnvironment ?? inFile ?? '',
    principals,
    variable,
    write(text) {
      if (inEnvironment !== undefined || inFile === undefined) return undefined
      const line = `${variable}=${text.split('\n').join(',')}`
      // The whole assignment is replaced, which may span lines where the value is quoted.
      const assignment = new RegExp(`^(?:export\\s+)?${variable}\\s*=\\s*(?:"[^"]*"|'[^']*'|.*)$`, 'm')
      writePrivately(
        dotenvFile,
        dotenv.replace(assignment, () => line),
      )
      return dotenvFile
    },
  }
}

function readService(config: string): Service {
  const raw = readYaml(config)
  const service = raw?.callers?.service
  const hashes = service?.hashes
  if (hashes === undefined || !(typeof hashes === 'object' && ('env' in hashes || 'file' in hashes))) {
    throw new Failure(
      'The configuration has no callers.service.hashes.\nAdd  callers: { service: { hashes: { env: GATEWAY_API_KEY_HASHES } } }',
    )
  }
  return { hashes, principals: service?.principals ?? {} }
}

function readYaml(config: string): { callers?: { service?: Partial<Service> } } | null {
  try {
    return parseYaml(readFileSync(resolve(config), 'utf8')) as { callers?: { service?: Partial<Service> } } | null
  } catch (error) {
    throw new Failure(`${config} cannot be read as YAML: ${(error as Error).message.split('\n', 1)[0]}`)
  }
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** Readable by nobody else, and never half written. */
function writePrivately(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.tmp`
  writeFileSync(temporary, text, { mode: 0o600 })
  renameSync(temporary, file)
}
