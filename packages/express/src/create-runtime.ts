import { type CheckedConfig, ConfigError } from '@postern/config'
import { createInstance, createLogLedger, type InstanceOptions, type ReplaceableInstance, type Runtime } from '@postern/instance'
import { createMemoryStore, type Ledger, type Log, type Store, type Witness } from '@postern/ports'
import { checkLedger, checkPorts } from './check-ports.js'
import { createFailedAttempts } from './failed-attempts.js'
import { networkOf } from './network-of.js'

/** The parts of a runtime, or of an instance, that are not in its configuration. */
export interface RuntimeParts {
  /** Receives the ledger entries. Default: JSON lines on stdout. */
  readonly ledger?: Ledger | undefined
  /**
   * Keeps what must outlast a request or be shared by processes. Default: the memory of this process; required if
   * `config.store` names another store.
   */
  readonly store?: Store | undefined
  /** Receives messages of the process itself, such as warnings. Default: they are dropped; `postern()` writes them to stdout unless it has a ledger. */
  readonly log?: Log | undefined
  /** Whether the sources of keys are asked (Vault, programs, token endpoints). Default `true`. */
  readonly asksSources?: boolean | undefined
  /** Is told what happens: calls, failed attempts, rejected keys, leaks. Default: nobody is. */
  readonly witness?: Witness | undefined
}

/** Options of `openInstance` beside the parts. */
type FurtherOptions = Pick<InstanceOptions, 'hasListeners' | 'joining'> & Partial<Pick<InstanceOptions, 'countFailedAttempts'>>

/**
 * Compiles a checked configuration, with the parts that every door shares: the counter of failed authentications, and
 * the network of an address.
 *
 * @throws {ConfigError} if `config.store` names SQLite, Redis or PostgreSQL and no `store` is given, or the one that is given lacks a port, or `ledger` a method.
 */
export function createRuntime(checked: CheckedConfig, parts?: RuntimeParts): Runtime {
  return openInstance(checked, parts).runtime
}

/**
 * The same, as an instance whose configuration can be replaced.
 *
 * @throws {ConfigError} if `config.store` names SQLite, Redis or PostgreSQL and no `store` is given, or the one that is given lacks a port, or `ledger` a method.
 */
export function openInstance(
  checked: CheckedConfig,
  {
    ledger = createLogLedger(),
    store = defaultStore(checked),
    log,
    witness,
    asksSources,
    hasListeners,
    joining,
    countFailedAttempts = ({ limit, window: windowMs }) => createFailedAttempts({ limit, windowMs }),
  }: RuntimeParts & FurtherOptions = {},
): ReplaceableInstance {
  checkPorts(store)
  checkLedger(ledger)
  return createInstance(checked, {
    ledger,
    countFailedAttempts,
    store,
    networkOf,
    log,
    witness,
    asksSources,
    hasListeners,
    joining,
  })
}

/** A store that the configuration names must not be replaced by memory, which is lost with the process. */
function defaultStore({ config }: CheckedConfig): Store {
  if (config.store === undefined || config.store.memory === true) return createMemoryStore()
  const { redis, postgres } = config.store
  const written =
    redis !== undefined
      ? '{ redis: { url: process.env.REDIS_URL } }'
      : postgres !== undefined
        ? '{ postgres: { url: process.env.POSTGRES_URL } }'
        : "{ sqlite: resolve('postern.db'), owner: true }"
  throw new ConfigError([
    {
      severity: 'error',
      path: 'store',
      reason: 'is not opened by the middleware.',
      fix: `Open it and pass it: postern(config, { store: openStore(${written}) }), with openStore of @postern/stores; docs/configuration.md has an example. Or write store: { memory: true }.`,
    },
  ])
}
