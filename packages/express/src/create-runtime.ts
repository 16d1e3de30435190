import {
  type CheckedConfig,
  compile,
  ConfigError,
  createLogLedger,
  createMemoryStore,
  type Ledger,
  type Log,
  type Runtime,
  type Store,
} from '@postern/core'
import { ipKeyGenerator } from 'express-rate-limit'
import { createFailedAttempts } from './failed-attempts.js'

/** What a runtime uses that is not in its configuration. */
export interface RuntimeParts {
  /** Where entries go. Default JSON lines on stdout. */
  readonly ledger?: Ledger | undefined
  /** What must be remembered or shared. Default the memory of this process, where the configuration asks for nothing else. */
  readonly store?: Store | undefined
  /** Where lines of the process itself go, such as warnings. Default nowhere; of `postern()` stdout, unless it is given a ledger. */
  readonly log?: Log | undefined
}

/**
 * Compiles a checked configuration with the edge that every door has: the count of failed authentications, and what
 * an address is.
 *
 * @throws {ConfigError} where the configuration names a store and none is given.
 */
export function createRuntime(
  checked: CheckedConfig,
  { ledger = createLogLedger(), store = usualStore(checked), log }: RuntimeParts = {},
): Runtime {
  const { limit, window: windowMs } = checked.config.failedAuthentication
  return compile(checked, {
    ledger,
    failedAttempts: createFailedAttempts({ limit, windowMs }),
    store,
    networkOf,
    log,
  })
}

/** What is written down as a place must not be forgotten with the process. */
function usualStore({ config }: CheckedConfig): Store {
  if (config.store === undefined || config.store.memory === true) return createMemoryStore()
  const written =
    config.store.redis === undefined ? "{ sqlite: resolve('postern.db'), owner: true }" : '{ redis: { url: process.env.REDIS_URL } }'
  throw new ConfigError([
    {
      severity: 'error',
      path: 'store',
      reason: 'is not opened by the middleware.',
      fix: `Open it and pass it: postern(config, { store: openStore(${written}) }), with openStore of @postern/stores; docs/configuration.md has an example. Or write store: { memory: true }.`,
    },
  ])
}

/** As express-rate-limit counts: an IPv6 caller is its /56 network. */
function networkOf(address: string): string {
  return ipKeyGenerator(address === '' ? '0.0.0.0' : address)
}
