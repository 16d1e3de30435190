import type { Store } from '@postern/ports'
import { createBudgets } from './budgets.js'
import { createPostgresConnection } from './connection.js'
import { createCounters } from './counters.js'
import { createCount } from './counts.js'
import { createRevocationFeed } from './feed.js'
import { createKeyRing } from './key-ring.js'
import { createLocks } from './locks.js'
import { defaultSchema, quoteSchema } from './schema-name.js'
import { createSeen } from './seen.js'
import { tablesOfStore } from './store-tables.js'
import { sweepBehind } from './sweep.js'

/** How long a call may take, in milliseconds, unless the options say otherwise. */
const defaultAnswerMs = 1500

/** The most connections of one store. */
const mostConnections = 8

/** Which PostgreSQL, and which schema there. */
export interface PostgresStoreOptions {
  /**
   * `postgres://user:password@host:port/database?sslmode=verify-full`; without `sslmode` only if the network is trusted. It appears in no
   * message and no output.
   */
  readonly url: string
  /** The schema of the tables. Default `postern`. Installations that share a database but not their callers need one each. */
  readonly schema?: string
  /** How long a call may take, in milliseconds, before it rejects. Default 1500: the sidecar itself gives a store two seconds. */
  readonly answerMs?: number
}

/**
 * A store in PostgreSQL (13 or newer), for any number of processes that share it. The first statement makes the schema and its tables,
 * for which the user needs the right to create a schema, or one that is its own; later starts need no right but that to the rows.
 *
 * It is as durable as that PostgreSQL. What `revocations.append` resolves for is on the disk; the rest as well, unless
 * `synchronous_commit` is off there. Windows and leases go by the clock of the database; the clocks of the processes decide how long
 * something is remembered or counted from now.
 *
 * At most 8 connections are open. While the database is down or hangs, calls reject within `answerMs` and half a second, and the next call
 * tries again.
 *
 * @throws {Error} if the URL is not one of PostgreSQL, or the schema is no plain name.
 */
export function createPostgresStore({ url, schema: name = defaultSchema, answerMs = defaultAnswerMs }: PostgresStoreOptions): Store {
  const schema = quoteSchema(name)
  const connection = createPostgresConnection({ url, most: mostConnections, tables: tablesOfStore(schema), answerMs })
  const ask = sweepBehind(connection.ask, schema)
  const count = createCount(ask, schema)
  return {
    scope: 'shared',
    seen: createSeen(count),
    counters: createCounters(count),
    budgets: createBudgets(ask, schema, answerMs),
    locks: createLocks(ask, schema),
    revocations: createRevocationFeed(ask, schema),
    keyRing: createKeyRing(ask, schema),
    async close() {
      connection.close()
    },
  }
}
