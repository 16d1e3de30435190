import { isUtf8 } from 'node:buffer'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Config, formatHashRing, formatManifest, isManifest } from '@postern/config'
import type { RingEntry } from '@postern/ports'
import { parse as parseDotenv } from 'dotenv'
import { Failure } from './failure.js'
import { describeProblems } from './load-config.js'
import { readYaml } from './read-yaml.js'
import { setVariable } from './set-variable.js'
import { followLinks, writePrivately } from './write-privately.js'

type Service = NonNullable<Config['callers']['service']>

/** A hash ring, and the place where it is kept. */
export interface Ring {
  /** Its text: entries, or a manifest; empty if there are none yet. */
  readonly text: string
  readonly principals: Service['principals']
  /** The prefix of a new credential. */
  readonly prefix: string
  /** The environment variable that holds it; `undefined` if a file does. */
  readonly variable: string | undefined
  /** The `.env` that is read if the environment lacks the variable; `undefined` if a file holds the ring, or the environment does. */
  readonly dotenv: string | undefined
  /** If there is no ring yet: a sentence that says where it should be. */
  readonly missing: string | undefined
  /** The file that `write` changes, where links lead; `undefined` if it changes none. */
  readonly file: string | undefined
  /**
   * Writes the entries in the form that the ring has. Returns the file; `undefined` if the ring is in the
   * environment, which only its owner can set.
   *
   * @throws {Failure} if the file cannot be changed so that it reads as meant; the file stays as it was.
   */
  write(entries: readonly RingEntry[]): string | undefined
}

/**
 * Opens the ring that `callers.service.hashes` names. It may be empty or missing, so that a first caller can be
 * added.
 *
 * @throws {Failure} if the configuration names no ring.
 */
export function openRing(config: string): Ring {
  const directory = dirname(resolve(config))
  const service = readService(config)
  if ('file' in service.hashes) return fileRing(resolve(directory, service.hashes.file), service)
  return variableRing(service.hashes.env, resolve(directory, '.env'), service)
}

/**
 * Opens a manifest without a configuration: the ring of a Free AI Gateway, whose callers hold its keys. The helper of
 * that gateway makes such manifests, but has no command to remove an entry.
 */
export function openManifest(file: string): Ring {
  return { ...fileRing(resolve(file), { principals: {} }, true), prefix: 'fai_' }
}

const callerPrefix = 'pst_'

function fileRing(file: string, { principals }: Pick<Service, 'principals'>, asManifest = false): Ring {
  const text = readOrNothing(file).toString('utf8')
  const manifest = asManifest || isManifest(text) || (text === '' && file.endsWith('.json'))
  return {
    text,
    principals,
    prefix: callerPrefix,
    variable: undefined,
    dotenv: undefined,
    file: followLinks(file),
    missing: existsSync(file) ? undefined : `The file ${file} is not there yet`,
    write(entries) {
      writePrivately(file, manifest ? formatManifest(entries, new Date()) : `${formatHashRing(entries)}\n`)
      return file
    },
  }
}

function variableRing(variable: string, dotenvFile: string, { principals }: Service): Ring {
  const inEnvironment = process.env[variable]
  // A variable of the environment overrides the one in the file.
  const bytes = inEnvironment === undefined ? readOrNothing(dotenvFile) : Buffer.alloc(0)
  const dotenv = bytes.toString('utf8')
  const inFile = parseDotenv(dotenv)[variable]
  const text = inEnvironment ?? inFile ?? ''
  return {
    text,
    principals,
    prefix: callerPrefix,
    variable,
    dotenv: inEnvironment === undefined ? dotenvFile : undefined,
    file: inFile === undefined ? undefined : followLinks(dotenvFile),
    missing:
      inEnvironment === undefined && inFile === undefined
        ? `${variable} is not set, neither in this environment nor in ${dotenvFile}`
        : undefined,
    write(entries) {
      if (inFile === undefined) return undefined
      const value = isManifest(text)
        ? JSON.stringify(JSON.parse(formatManifest(entries, new Date())))
        : formatHashRing(entries).split('\n').join(',')
      const changed = isUtf8(bytes) ? setVariable(dotenv, variable, value) : undefined
      if (changed === undefined)
        throw new Failure(
          `Nothing is changed: ${variable} stands in ${dotenvFile} in a form that cannot be rewritten for certain.\nWrite it by hand, once, on a line of its own:\n\n${variable}=${value}`,
        )
      writePrivately(dotenvFile, changed)
      return dotenvFile
    },
  }
}

function readService(config: string): Service {
  const { raw, problems } = readYaml(config)
  if (problems.length > 0) throw new Failure(describeProblems(config, problems))
  const service = (raw as { callers?: { service?: Partial<Service> } } | null)?.callers?.service
  const hashes = service?.hashes
  if (hashes === undefined || !(typeof hashes === 'object' && ('env' in hashes || 'file' in hashes))) {
    throw new Failure(
      'The configuration has no callers.service.hashes.\nAdd  callers: { service: { hashes: { env: GATEWAY_API_KEY_HASHES } } }',
    )
  }
  return { hashes, principals: service?.principals ?? {} }
}

/** A file that cannot be read is not empty: whoever took it for that would write over it. */
function readOrNothing(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return Buffer.alloc(0)
    throw new Failure(`The ring cannot be read, so nothing is changed: ${message}`)
  }
}
