import type { CheckedConfig } from '@postern/config'
import type { LogLedger } from '@postern/instance'
import type { Log, Store } from '@postern/ports'
import { serveStore } from '@postern/stores/channel'
import type { PassedSockets } from '../restart/passed-sockets.js'
import { packConfig } from './packed-config.js'
import { createWorkerPool, type WorkerPool } from './pool.js'
import { SharedFailures } from './shared-failures.js'

/** What workers need of this process, the primary. */
export interface WorkersOptions {
  readonly count: number
  /** The configuration in use, and the variables of the `.env` beside it. */
  readonly current: () => { readonly checked: CheckedConfig; readonly dotenv: Readonly<Record<string, string>> }
  readonly sockets: PassedSockets
  readonly store: Store
  readonly ledger: LogLedger
  readonly log: Log
}

/** Prepares workers; `open` of the pool begins them. */
export function openWorkers({ count, current, sockets, store, ledger, log }: WorkersOptions): WorkerPool {
  const failures = new SharedFailures()
  return createWorkerPool(count, {
    config() {
      const { checked, dotenv } = current()
      return packConfig(checked, dotenv)
    },
    sockets,
    // Into Redis and PostgreSQL each worker opens connections of its own.
    serveStore: store.scope === 'shared' ? undefined : (link) => serveStore(store, link),
    answers: { lines: (text) => ledger.pass(text), failed: (settings, address) => failures.count(settings, address) },
    log,
  })
}
