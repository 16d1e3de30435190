import type { Revocation, RevokedKind, Store } from '@postern/core'
import { digestKey } from './digest-key.js'
import { createRedisConnection } from './redis-connection.js'
import { countScript, revokeScript } from './redis-scripts.js'

/** How many revocations are asked for at once. */
const pageSize = 1000

/** How much longer revocations are kept than they say, for clocks that differ, in milliseconds. */
const graceMs = 3_600_000

/** Which Redis, and where in it. */
export interface RedisStoreOptions {
  /** `rediss://user:password@host:port/database`, or `redis://` where the network is trusted. It is in no message and no output. */
  readonly url: string
  /** What every key begins with. Default `postern:`. Installations that share a Redis but not their callers need one each. */
  readonly prefix?: string
}

type Entry = readonly [id: string, fields: readonly string[]]

/**
 * A store in Redis (6.2 or newer), for any number of processes that share it.
 *
 * It is as lasting as that Redis is: for revocations that survive its restart, Redis must persist
 * (`appendonly yes`), and for ones that survive a failover, have its replicas acknowledge. Its
 * `maxmemory-policy` must be `noeviction`: otherwise it forgets keys that are not over when memory is short.
 *
 * Redis is told how long from now a key lives, not until when, so its clock need not agree with ours. Those of
 * the processes should: which one counts first decides when a count ends, and how long a key is remembered is
 * reckoned by the clock of the process that remembers it.
 *
 * Calls reject within two seconds where Redis is down or hangs, and are tried anew each time.
 *
 * @throws {Error} where the address is none of Redis.
 */
export function createRedisStore({ url, prefix = 'postern:' }: RedisStoreOptions): Store {
  const { send, close } = createRedisConnection(url)
  const stream = `${prefix}revocations`

  async function entriesAfter(mark: string): Promise<readonly Entry[]> {
    return (await send(['XRANGE', stream, `(${mark}`, '+', 'COUNT', String(pageSize)])) as Entry[]
  }

  /** Whether the stream ends before a mark that was handed out: a replica took over that had not heard of everything. */
  async function wentBack(mark: string): Promise<boolean> {
    const [last] = (await send(['XREVRANGE', stream, '+', '-', 'COUNT', '1'])) as Entry[]
    return last !== undefined && isBefore(last[0], mark)
  }

  return {
    scope: 'shared',
    async remember(key, until) {
      const reply = await send(['SET', `${prefix}remembered:${digestKey(key)}`, '1', 'NX', 'PX', lifeUntil(until)])
      return reply === 'OK'
    },
    async count(key, until) {
      return Number(await send(['EVAL', countScript, '1', `${prefix}counted:${digestKey(key)}`, lifeUntil(until)]))
    },
    async revoke({ kind, name, at, until }) {
      const over = String(Date.now() - graceMs)
      await send(['EVAL', revokeScript, '1', stream, kind, name, String(at), String(until), lifeUntil(until + graceMs), over])
    },
    async revocations(after = '0-0') {
      let mark = after
      let page = await entriesAfter(mark)
      if (page.length === 0 && after !== '0-0' && (await wentBack(after))) page = await entriesAfter((mark = '0-0'))
      const revocations: Revocation[] = []
      while (page.length > 0) {
        for (const [id, fields] of page) {
          revocations.push(readRevocation(fields))
          mark = id
        }
        page = page.length < pageSize ? [] : await entriesAfter(mark)
      }
      return { revocations, mark }
    },
    async close() {
      close()
    },
  }
}

/** At least a millisecond: Redis takes no other lives. */
function lifeUntil(until: number): string {
  return String(Math.max(1, Math.ceil(until - Date.now())))
}

function readRevocation(fields: readonly string[]): Revocation {
  const [, kind, , name, , at, , until] = fields
  return { kind: kind as RevokedKind, name: name as string, at: Number(at), until: Number(until) }
}

/** Compares ids of a stream: milliseconds, a dash, and a number among those of the same millisecond. */
function isBefore(one: string, other: string): boolean {
  const [milliseconds = 0, sequence = 0] = one.split('-').map(Number)
  const [otherMilliseconds = 0, otherSequence = 0] = other.split('-').map(Number)
  return milliseconds === otherMilliseconds ? sequence < otherSequence : milliseconds < otherMilliseconds
}
