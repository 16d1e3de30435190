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
  /** Where lines of the process itself go, such as warnings. Default nowhere. */
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
  throw new ConfigError([
    {
      severity: 'error',
      path: 'store',
      reason: 'is opened by whoever runs the process.',
      fix: 'Pass { store: openStore(…) } of @postern/stores, or write memory: true.',
    },
  ])
}

/** As express-rate-limit counts: an IPv6 caller is its /56 network. */
function networkOf(address: string): string {
  return ipKeyGenerator(address === '' ? '0.0.0.0' : address)
}
