import { ConfigError, describeProblem, type Problem, regularFile } from '@postern/config'
import { type Change, currentRuntime, type ReplaceableInstance } from '@postern/instance'
import { addressesOfStores, type PosternEvent, type Secret, type Witness } from '@postern/ports'
import { statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Failure } from './failure.js'
import { fileStateNow } from './file-state.js'
import { checkSources, filesOf, loadConfig, type LoadedConfig } from './load-config.js'
import { needsStore } from './open-store.js'
import { takeVariables } from './own-variables.js'

/** What asked for the configuration to be read again. */
export type ReloadCause = 'signal' | 'admin' | 'watch' | 'secret file'

/** The result of a reload. */
export type Reloaded =
  | { readonly taken: true; readonly changes: readonly Change[]; readonly warnings: readonly Problem[] }
  | { readonly taken: false; readonly problems: readonly Problem[] }

/** A time that something was read again, and whether it was taken. */
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
  /** The files to watch: those of secrets in use; and itself, `.env`, the price file, and those that were read for a configuration that was refused. */
  readonly files: { readonly secrets: readonly string[]; readonly sources: readonly string[] }
  /** What a file of a secret was just before what is in use was read from it; see `watchFiles`. */
  stateInUse(file: string): string | undefined
  /** What a file was just before everything was last read, whether or not it was taken. */
  stateWhenRead(file: string): string | undefined
  /** `undefined`: not read again since the start. */
  readonly last: {
    /** The last reload of everything. */
    readonly everything: LastReload | undefined
    /** The last reload of the secrets alone, if there was one since everything was taken. */
    readonly secrets: LastReload | undefined
  }
  /**
   * Reads the file, its variables and its secrets once, checks them together, and takes all of them or nothing. Tells the witness
   * the result. Never throws.
   *
   * @param cause `secret file` reads the secrets alone, and leaves the file, `.env` and the prices as they were when they were taken.
   */
  reload(cause: ReloadCause): Reloaded
  /** Resolves once every worker serves with what was taken last; at once where there are none. Never rejects. */
  everywhere(): Promise<void>
}

/** @param handOn Gives what was taken to the workers. Default: there are none. */
export function createConfiguration(
  start: LoadedConfig,
  instance: ReplaceableInstance,
  witness: Witness,
  handOn: () => Promise<void> = () => Promise.resolve(),
): Configuration {
  let loaded = start
  let last: Configuration['last'] = { everything: undefined, secrets: undefined }
  // Opened at the start, and open until the end, whatever is taken in between.
  const hasStore = needsStore(instance.checked.config)
  // What was read may have been refused: a secret that changed before is then still to be taken, and a refused file to be waited for.
  let inUse = start.states
  let whenRead = start.states
  let handedOn = Promise.resolve()

  function read(next: LoadedConfig, states: ReadonlyMap<string, string>): Reloaded {
    const { checked, problems } = next
    if (checked === undefined) return { taken: false, problems: problems.filter(({ severity }) => severity === 'error') }
    if (checked.config.store === undefined && needsStore(checked.config) && !hasStore) return { taken: false, problems: [noStore] }
    const changes = instance.replace(checked)
    takeVariables(checked.secretVariables)
    loaded = next
    inUse = states
    handedOn = handOn()
    return { taken: true, changes, warnings: problems }
  }

  function reloadSecrets(): Reloaded {
    const states = new Map<string, string>()
    const result = readOrRefuse(() => read(withStoreInUse(checkSources(loaded, undefined, states), instance), states))
    last = { ...last, secrets: asLast(result) }
    return result
  }

  function reloadEverything(): Reloaded {
    const states = new Map<string, string>()
    const result = readOrRefuse(() => read(loadAgain(loaded, states), states))
    whenRead = states
    last = { everything: asLast(result), secrets: result.taken ? undefined : last.secrets }
    return result
  }

  /**
   * Reads, and redacts all that is told of the result: changes, warnings and problems repeat names of settings, in whose place
   * a secret may have been pasted. Both configurations know secrets, and either may have some that the other lacks.
   */
  function withoutSecrets(work: () => Reloaded): Reloaded {
    const earlier = currentRuntime(instance).redact
    const result = work()
    const later = currentRuntime(instance).redact
    const redact = (text: string): string => later(earlier(text))
    const told = ({ severity, path, reason, fix }: Problem): Problem => ({
      severity,
      path: redact(path),
      reason: redact(reason),
      fix: redact(fix),
    })
    if (!result.taken) return { taken: false, problems: result.problems.map(told) }
    const changes = result.changes.map((change) => ({ ...change, path: redact(change.path) }))
    return { taken: true, changes, warnings: result.warnings.map(told) }
  }

  return {
    instance,
    get loaded() {
      return loaded
    },
    get files() {
      const refused = last.everything?.taken === false ? whenRead.keys() : []
      return { secrets: instance.checked.secretFiles, sources: [...new Set([...filesOf(loaded), ...refused])] }
    },
    everywhere: () => handedOn,
    stateInUse: (file) => inUse.get(file),
    stateWhenRead: (file) => whenRead.get(file),
    get last() {
      return last
    },
    reload(cause) {
      const result = withoutSecrets(cause === 'secret file' ? reloadSecrets : reloadEverything)
      witness(toEvent(result, cause))
      return result
    },
  }
}

/** @param states Gets what each file is, just before it is read. */
function loadAgain(loaded: LoadedConfig, states: Map<string, string>): LoadedConfig {
  const { file, sources, authorities } = loaded
  for (const each of filesOf(loaded)) states.set(each, fileStateNow(each))
  // At the start, a configuration may come from a pipe; it can be read once.
  regularFile(file)
  const next = loadConfig(file, { states, authorities })
  if (Object.keys(sources.dotenv).length > 0 && isFolder(join(dirname(file), '.env')))
    throw new Failure('.env was a file and is a folder now, so its variables would be missing.')
  return next
}

/** The address of a store cannot change while the process runs. If it changed, the other secrets are taken all the same. */
function withStoreInUse(next: LoadedConfig, { checked: { secrets } }: ReplaceableInstance): LoadedConfig {
  const { checked, problems } = next
  if (checked === undefined) return next
  const waiting = addressesOfStores.filter((path) => {
    const known = secrets.get(path)
    return known !== undefined && checked.secrets.get(path)?.fingerprint() !== known.fingerprint()
  })
  const waits = waiting.map(
    (path): Problem => ({
      severity: 'warning',
      path,
      reason: 'is another one now, and cannot change while Postern runs.',
      fix: 'Restart Postern with it.',
    }),
  )
  const inUse = waiting.map((path) => [path, secrets.get(path) as Secret] as const)
  return { ...next, problems: [...problems, ...waits], checked: { ...checked, secrets: new Map([...checked.secrets, ...inUse]) } }
}

function asLast({ taken }: Reloaded): LastReload {
  return { at: new Date().toISOString(), taken }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** Without sessions, tokens, anonymous callers or limits no store was opened at the start. */
const noStore: Problem = {
  severity: 'error',
  path: 'store',
  reason: 'is needed by the callers or limits that are new, and was not opened at the start.',
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

function toEvent(result: Reloaded, by: ReloadCause): PosternEvent {
  if (!result.taken) return { type: 'configuration_refused', by, problems: describeAll(result.problems) }
  const { changes, warnings } = result
  const laxer = changes.filter((change) => change.laxer).map(({ path }) => path)
  return { type: 'configuration_taken', by, changed: changes.map(describeChange), laxer, warnings: describeAll(warnings) }
}

function describeAll(problems: readonly Problem[]): readonly string[] {
  return problems.map((one) => describeProblem(one).trim())
}

function describeChange({ path, what }: Change): string {
  return what === 'changed' ? path : `${path} (${what})`
}
