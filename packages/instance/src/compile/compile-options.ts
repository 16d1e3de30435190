import type { CheckedConfig, Config } from '@postern/config'
import type { JoinBounds } from '@postern/core'
import type { FailedAttempts } from '@postern/identity'
import type { Ledger, Log, Store, Witness } from '@postern/ports'
import type { UsagePool } from '../usage-pool.js'

/** What a runtime needs besides its configuration. */
export interface CompileOptions {
  readonly ledger: Ledger
  /** Makes the counter of failed authentications. */
  readonly countFailedAttempts: (settings: Config['failedAuthentication']) => FailedAttempts
  /** Holds state that must outlive a request or be shared between replicas. `Runtime.close` closes it. */
  readonly store: Store
  /** Returns the network of an address. Failed attempts and limits count per network. */
  readonly networkOf: (address: string) => string
  /** Receives the log lines of the process itself. Default: they are dropped. */
  readonly log?: Log | undefined
  /** Is told what happens. Default: nobody is. */
  readonly witness?: Witness | undefined
  /** Whether the sources of keys are asked. Default `true`; a dry run needs none. */
  readonly asksSources?: boolean | undefined
  /** Bounds of joined calls, for tests. Default: those of `defaultJoinBounds`. */
  readonly joining?: Partial<JoinBounds> | undefined
  /** The configuration that is replaced, whose secrets are searched for a while longer. Default: there was none. */
  readonly replaces?: CheckedConfig | undefined
  /** What outlives a runtime. Default: a pool of its own, so that everything is closed with the runtime. */
  readonly pool?: UsagePool | undefined
}
