import { ConfigError, describeProblem, type Problem, regularFile } from '@postern/config'
import { type Change, currentRuntime, type ReplaceableInstance } from '@postern/instance'
import type { Log } from '@postern/ports'
import { statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Failure } from './failure.js'
import { checkSources, loadConfig, type LoadedConfig } from './load-config.js'
import { needsStore } from './open-store.js'

/** What asked for the configuration to be read again. */
export type ReloadCause = 'signal' | 'admin' | 'watch' | 'secret file'

/** The result of a reload. */
export type Reloaded =
  | { readonly taken: true; readonly changes: readonly Change[]; readonly warnings: readonly Problem[] }
  | { readonly taken: false; readonly problems: readonly Problem[] }

/** The last time that the configuration was read again. */
export interface LastReload {
  /** ISO 8601. */
  readonly at: string
  readonly taken: boolean
}

/** The configuration of a running sidecar. */
export interface Configuration {
  readonly instance: ReplaceableInstance
  /** The configuration that is in use, as it was read. */
  readonly loaded: LoadedConfig
  /** The files that it was read from: those of secrets; and itself, `.env`, and secrets' files that a refused one named. */
  readonly files: { readonly secrets: readonly string[]; readonly sources: readonly string[] }
  /** What a file was just before it was last read; see `watchFiles`. */
  stateWhenRead(file: string): string | undefined
  /** `undefined`: it was not read again since the start. */
  readonly lastReload: LastReload | undefined
  /**
   * Reads the file, its variables and its secrets once, checks them together, and takes all of them or nothing. Writes the
   * result to the log. Never throws.
   *
   * @param cause `secret file` reads the secrets alone, and leaves the file and `.env` as they were when they were taken.
   */
  reload(cause: ReloadCause): Reloaded
}

/** How many characters of the names of changed settings one log line gets. */
const maxListChars = 2000

export function createConfiguration(start: LoadedConfig, instance: ReplaceableInstance, log: Log): Configuration {
  let loaded = start
  let lastReload: LastReload | undefined
  // Opened at the start, and open until the end, whatever is taken in between.
  const hasStore = needsStore(instance.checked.config)
  let refusedFiles: readonly string[] = []
  let states = start.states

  function read(cause: ReloadCause): Reloaded {
    const next = cause === 'secret file' ? checkAgain() : loadAgain()
    const { checked, problems, secretFiles } = next
    refusedFiles = checked === undefined ? secretFiles : []
    if (checked === undefined) return { taken: false, problems: problems.filter(({ severity }) => severity === 'error') }
    if (checked.config.store === undefined && needsStore(checked.config) && !hasStore) return { taken: false, problems: [noStore] }
    const changes = instance.replace(checked)
    loaded = next
    return { taken: true, changes, warnings: problems }
  }

  function checkAgain(): LoadedConfig {
    const read = new Map<string, string>()
    try {
      return checkSources(loaded, undefined, read)
    } finally {
      states = new Map([...states, ...read])
    }
  }

  function loadAgain(): LoadedConfig {
    const read = new Map<string, string>()
    try {
      const { file, sources } = loaded
      // At the start, a configuration may come from a pipe; it can be read once.
      regularFile(file)
      const next = loadConfig(file, undefined, read)
      if (Object.keys(sources.dotenv).length > 0 && isFolder(join(dirname(file), '.env')))
        throw new Failure('.env was a file and is a folder now, so its variables would be missing.')
      return next
    } finally {
      states = new Map([...states, ...read])
    }
  }

  /** A problem may repeat a name in whose place a secret was pasted, also one that only the configuration in use has. */
  function withoutSecrets(result: Reloaded): Reloaded {
    if (result.taken) return result
    const { redact } = currentRuntime(instance)
    const problems = result.problems.map(({ severity, path, reason, fix }) => ({
      severity,
      path: redact(path),
      reason: redact(reason),
      fix: redact(fix),
    }))
    return { taken: false, problems }
  }

  return {
    instance,
    get loaded() {
      return loaded
    },
    get files() {
      const { file } = loaded
      return { secrets: instance.checked.secretFiles, sources: [file, join(dirname(file), '.env'), ...refusedFiles] }
    },
    stateWhenRead: (file) => states.get(file),
    get lastReload() {
      return lastReload
    },
    reload(cause) {
      const result = withoutSecrets(readOrRefuse(() => read(cause)))
      lastReload = { at: new Date().toISOString(), taken: result.taken }
      if (result.taken) tellTaken(result, cause, log)
      else log('error', 'configuration_refused', { by: cause, problems: joined(result.problems.map((one) => describeProblem(one).trim())) })
      return result
    },
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** Without sessions, tokens or anonymous callers no store was opened at the start. */
const noStore: Problem = {
  severity: 'error',
  path: 'store',
  reason: 'is needed by the callers that are new, and was not opened at the start.',
  fix: 'Restart Postern with this configuration.',
}

function readOrRefuse(read: () => Reloaded): Reloaded {
  try {
    return read()
  } catch (error) {
    if (error instanceof ConfigError) return { taken: false, problems: error.problems }
    if (error instanceof Failure) return { taken: false, problems: [unusable(error.message)] }
    return { taken: false, problems: [unusable(`It could not be taken: ${String(error)}`)] }
  }
}

function unusable(reason: string): Problem {
  return { severity: 'error', path: '', reason, fix: 'Correct it and reload; until then the configuration from before is in use.' }
}

function tellTaken({ changes, warnings }: Extract<Reloaded, { taken: true }>, cause: ReloadCause, log: Log): void {
  const laxer = changes.filter((change) => change.laxer)
  log('info', 'configuration_taken', {
    by: cause,
    changed: joined(changes.map(describeChange)),
    ...(laxer.length === 0 ? {} : { laxer: joined(laxer.map(({ path }) => path)) }),
  })
  for (const warning of warnings) log('warn', describeProblem(warning).trim())
}

function describeChange({ path, what }: Change): string {
  return what === 'changed' ? path : `${path} (${what})`
}

function joined(texts: readonly string[]): string {
  const whole = texts.join(', ')
  return whole.length <= maxListChars ? whole : `${whole.slice(0, maxListChars)}…`
}
