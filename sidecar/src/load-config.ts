import { lstatSync, readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import {
  checkConfig,
  type CheckedConfig,
  type CheckResult,
  describeProblem,
  namedFile,
  type PriceSource,
  type Problem,
  problem,
  regularFile,
  type SecretPlaces,
} from '@postern/config'
import { parse as parseDotenv } from 'dotenv'
import { checkExtraAuthorities, type ExtraAuthorities, judgeExtraAuthorities } from './check-extra-authorities.js'
import { checkOwnAddress } from './check-own-address.js'
import { checkListeners, checkOpenHost } from './check-places.js'
import { countOf } from './count-of.js'
import { Failure } from './failure.js'
import { fileStateNow } from './file-state.js'
import { environmentOver } from './own-variables.js'
import { readPlainDotenv } from './plain-dotenv.js'
import { priceFile, readYaml } from './read-yaml.js'

/** The path of a configuration file, and the result of its check. */
export interface LoadedConfig extends CheckResult {
  readonly file: string
  /** What it and the `.env` beside it held. */
  readonly sources: ConfigSources
  /** What its files were just before they were read, by their paths; see `fileStateNow`. */
  readonly states: ReadonlyMap<string, string>
  /** The file of further authorities with which this process was started. */
  readonly authorities: ExtraAuthorities | undefined
}

/** What a configuration is checked from, beside its secrets' files and the environment of the process. */
export interface ConfigSources {
  readonly raw: unknown
  readonly dotenv: Readonly<Record<string, string>>
  /** The file that `limits.prices` names, and what it held. */
  readonly prices?: { readonly file: string; readonly source: PriceSource } | undefined
}

/**
 * Reads and checks a configuration file. The `.env` beside it gives the variables that the process's own environment
 * lacks. A file that is not YAML is reported in `problems`.
 *
 * @throws {Failure} if the file cannot be read, is not UTF-8 or is empty.
 */
export function loadConfig(path: string, options: LoadOptions = {}): LoadedConfig {
  const { isOptional, states = new Map<string, string>(), authorities = judgeExtraAuthorities() } = options
  const file = resolve(path)
  for (const each of sourceFiles(file)) states.set(each, fileStateNow(each))
  const { raw, problems: broken } = readYaml(path)
  const sources = { raw, dotenv: readDotenv(dotenvBeside(file)), prices: readPrices(raw, dirname(file), states) }
  if (broken.length > 0) return { file, sources, states, authorities, problems: broken, secretFiles: [] }
  return checkSources({ file, sources, authorities }, isOptional, states)
}

/** Reads the price file that a configuration names. What is wrong with it is a problem, so that it is told with all others. */
function readPrices(raw: unknown, directory: string, states: Map<string, string>): ConfigSources['prices'] {
  const path = namedFile(raw)
  if (path === undefined) return undefined
  const file = resolve(directory, path)
  states.set(file, fileStateNow(file))
  try {
    if (statSync(file, { throwIfNoEntry: false }) !== undefined) regularFile(file)
    return { file, source: readYaml(file, priceFile) }
  } catch (error) {
    const reason = error instanceof Failure ? error.message.split('\n', 1).join('') : `cannot be read (${codeOf(error)}).`
    return {
      file,
      source: { raw: undefined, problems: [problem('', `cannot be used. ${reason}`, 'Correct it, or the path under limits.prices.')] },
    }
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown'
}

/** How a configuration is loaded. */
export interface LoadOptions {
  /** Which secrets a command can do without; by their settings. */
  readonly isOptional?: SecretPlaces['isOptional'] | undefined
  /** Gets what each file is, just before it is read, also if the reading fails. */
  readonly states?: Map<string, string>
  /** What the start found of the further authorities. Default: what is found now. */
  readonly authorities?: ExtraAuthorities | undefined
}

/** The files that a configuration was read from, but for secrets: itself, the `.env` beside it, and its prices. */
export function filesOf({ file, sources }: Pick<LoadedConfig, 'file' | 'sources'>): readonly string[] {
  return sources.prices === undefined ? sourceFiles(file) : [...sourceFiles(file), sources.prices.file]
}

/** A configuration file, and the `.env` beside it. */
export function sourceFiles(file: string): readonly [string, string] {
  return [file, dotenvBeside(file)]
}

export function dotenvBeside(file: string): string {
  return resolve(dirname(file), '.env')
}

/** Checks what was read before, with the files of its secrets as they are now. */
export function checkSources(
  { file, sources, authorities }: Pick<LoadedConfig, 'file' | 'sources' | 'authorities'>,
  isOptional?: SecretPlaces['isOptional'],
  states: Map<string, string> = new Map<string, string>(),
): LoadedConfig {
  const { raw, dotenv, prices } = sources
  const env = environmentOver(dotenv)
  const beforeRead = (each: string): void => void states.set(each, fileStateNow(each))
  const result = checkConfig(raw, {
    env,
    directory: dirname(file),
    beforeRead,
    ...(prices === undefined ? {} : { readPrices: () => prices.source }),
    ...(isOptional === undefined ? {} : { isOptional }),
  })
  const config = result.checked?.config
  const own = config === undefined ? [] : [...checkOwnAddress(config), ...checkListeners(config)]
  const openHost = config === undefined ? [] : checkOpenHost(config)
  const problems = [...result.problems, ...own, ...openHost, ...checkExtraAuthorities(authorities, dotenv, dirname(file))]
  const { secretFiles } = result
  return {
    file,
    sources,
    states,
    authorities,
    problems,
    secretFiles,
    ...(own.length > 0 || result.checked === undefined ? {} : { checked: result.checked }),
  }
}

/**
 * Like {@link loadConfig}, for commands that need a valid configuration.
 *
 * @throws {Failure} with every error, if it is not valid.
 */
export function requireConfig(
  path: string,
  isOptional?: SecretPlaces['isOptional'],
): {
  readonly checked: CheckedConfig
  readonly file: string
  readonly warnings: readonly Problem[]
  readonly loaded: LoadedConfig
} {
  const loaded = loadConfig(path, { isOptional })
  const { checked, file, problems } = loaded
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (checked === undefined) throw new Failure(describeProblems(path, errors))
  return { checked, file, warnings: problems, loaded }
}

/** Every problem on a line of its own: where, what, and what to write instead. */
export function describeProblems(path: string, problems: readonly Problem[]): string {
  const count = problems.length === 1 ? 'a problem' : countOf(problems.length, 'problem')
  return `${path} has ${count}:\n${problems.map(describeProblem).join('\n')}`
}

/** The largest `.env`, in bytes: room for 100,000 keys. */
const maxDotenvBytes = 16 * 1024 * 1024

/** @throws {Failure} if it is there and cannot be read: its variables must not be missing in silence. */
export function readDotenv(file: string): Record<string, string> {
  try {
    // A folder of this name is another program's, such as Python's.
    if (lstatSync(file, { throwIfNoEntry: false })?.isDirectory() !== false) return {}
    if (regularFile(file).size > maxDotenvBytes) throw new Failure(`${file} is too large for a file of variables.`)
    // The library's other parser, which gives the same in half the time.
    const bytes = readFileSync(file)
    return readPlainDotenv(bytes) ?? detach(parseDotenv(bytes.toString('utf8'), { fast: true }))
  } catch (error) {
    if (error instanceof Failure) throw error
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    throw new Failure(`${file} cannot be read (${code}). Let this user read it, or remove it.`)
  }
}

/**
 * The same variables, each with a text of its own: a part of a long text keeps the whole of it in memory, also once the part that was a secret
 * is needed no more.
 */
function detach(variables: Record<string, string>): Record<string, string> {
  return JSON.parse(JSON.stringify(variables)) as Record<string, string>
}
