import type { Store } from '@postern/ports'
import { createBudgets } from './budgets.js'
import { createRedisConnection } from './connection.js'
import { createCounters } from './counters.js'
import { createRevocationFeed } from './feed.js'
import { createLocks } from './locks.js'
import { createSeen } from './seen.js'

/** Which Redis, and under which keys. */
export interface RedisStoreOptions {
  /**
   * `rediss://user:password@host:port/database`, or `redis://` if the network is trusted. It appears in no message
   * and no output.
   */
  readonly url: string
  /** Prefix of every key. Default `postern:`. Installations that share a Redis but not their callers need one each. */
  readonly prefix?: string
}

/**
 * A store in Redis (6.2 or newer), for any number of processes that share it.
 *
 * It is as durable as that Redis. For revocations to survive a restart, Redis must persist (`appendonly yes`); to
 * survive a failover, its replicas must acknowledge writes. Its `maxmemory-policy` must be `noeviction`: otherwise it
 * drops keys early when memory is short.
 *
 * Redis is told how long a key lives, not until when, so its clock may differ from ours. The clocks of the processes
 * should agree: the process that counts first decides when a count ends, and the clock of the process that remembers
 * a key decides how long it is remembered.
 *
 * While Redis is down or hangs, calls reject within two seconds, and the next call tries again.
 *
 * @throws {Error} if the URL is not one of Redis.
 */
export function createRedisStore({ url, prefix = 'postern:' }: RedisStoreOptions): Store {
  const { send, close } = createRedisConnection(url)
  return {
    scope: 'shared',
    seen: createSeen(send, prefix),
    counters: createCounters(send, prefix),
    budgets: createBudgets(send, prefix),
    locks: createLocks(send, prefix),
    revocations: createRevocationFeed(send, prefix),
    async close() {
      close()
    },
  }
}
