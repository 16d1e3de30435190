import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Config, formatHashRing, formatManifest, isManifest, type RingEntry } from '@postern/core'
import { parse as parseDotenv } from 'dotenv'
import { parse as parseYaml } from 'yaml'
import { Failure } from './failure.js'

type Service = NonNullable<Config['callers']['service']>

/** The hash ring of a configuration, where it is kept. */
export interface Ring {
  /** As it is kept: entries, or a manifest; empty where there are none yet. */
  readonly text: string
  readonly principals: Service['principals']
  /** How a fresh credential begins. */
  readonly prefix: string
  /** The environment variable that holds it, if it is one. */
  readonly variable: string | undefined
  /** Where the ring should be and is not, as a sentence. */
  readonly missing: string | undefined
  /** Writes it back in the form it has; gives the file, or `undefined` where it lives in an environment that only its owner can set. */
  write(entries: readonly RingEntry[]): string | undefined
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

/**
 * Opens a manifest alone: the ring of a Free AI Gateway, whose callers hold its keys. Its helper makes such
 * manifests; it has no command to remove an entry.
 */
export function openManifest(file: string): Ring {
  return { ...fileRing(resolve(file), { principals: {} }, true), prefix: 'fai_' }
}

const callerPrefix = 'pst_'

function fileRing(file: string, { principals }: Pick<Service, 'principals'>, asManifest = false): Ring {
  const text = readOrEmpty(file)
  const manifest = asManifest || isManifest(text) || (text === '' && file.endsWith('.json'))
  return {
    text,
    principals,
    prefix: callerPrefix,
    variable: undefined,
    missing: existsSync(file) ? undefined : `The file ${file} is not there yet`,
    write(entries) {
      writePrivately(file, manifest ? formatManifest(entries, new Date()) : `${formatHashRing(entries)}\n`)
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
    prefix: callerPrefix,
    variable,
    missing:
      inEnvironment === undefined && inFile === undefined
        ? `${variable} is not set, neither in this environment nor in ${dotenvFile}`
        : undefined,
    write(entries) {
      if (inEnvironment !== undefined || inFile === undefined) return undefined
      const line = `${variable}=${formatHashRing(entries).split('\n').join(',')}`
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
  mkdirSync(dirname(file), { recursive: true })
  const temporary = `${file}.${process.pid}.tmp`
  writeFileSync(temporary, text, { mode: 0o600 })
  renameSync(temporary, file)
}
