import type { Revocation, RevokedKind, Store } from '@postern/ports'
import { digestKey } from './digest-key.js'
import { createRedisConnection } from './redis-connection.js'
import { isBefore, readCount, readDone, readEntries, readFirst, type StreamEntry } from './redis-replies.js'
import { countScript, revokeScript } from './redis-scripts.js'

/** How many revocations one command reads. */
const pageSize = 1000

/** How long a revocation is kept after its `until`, because clocks differ, in milliseconds. */
const graceMs = 3_600_000

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
  const stream = `${prefix}revocations`

  async function entriesAfter(mark: string): Promise<readonly StreamEntry[]> {
    return readEntries(await send(['XRANGE', stream, `(${mark}`, '+', 'COUNT', String(pageSize)]), mark)
  }

  /** Whether the stream ends before a mark that was handed out: then a replica took over that had missed entries. */
  async function wentBack(mark: string): Promise<boolean> {
    const [last] = readEntries(await send(['XREVRANGE', stream, '+', '-', 'COUNT', '1']))
    return last !== undefined && isBefore(last[0], mark)
  }

  return {
    scope: 'shared',
    async remember(key, until) {
      return readFirst(await send(['SET', `${prefix}remembered:${digestKey(key)}`, '1', 'NX', 'PX', lifeUntil(until)]))
    },
    async count(key, until) {
      return readCount(await send(['EVAL', countScript, '1', `${prefix}counted:${digestKey(key)}`, lifeUntil(until)]))
    },
    async revoke({ kind, name, at, until }) {
      const over = String(Date.now() - graceMs)
      readDone(await send(['EVAL', revokeScript, '1', stream, kind, name, String(at), String(until), lifeUntil(until + graceMs), over]))
    },
    async revocations(after = '0-0') {
      let mark = after
      let page = await entriesAfter(mark)
      if (page.length === 0 && after !== '0-0' && (await wentBack(after))) page = await entriesAfter((mark = '0-0'))
      const revocations: Revocation[] = []
      while (page.length > 0) {
        for (const [id, fields] of page) {
          revocations.push(readRevocation(fields, id, stream))
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

/** In milliseconds, at least 1: Redis refuses a lifetime of 0. */
function lifeUntil(until: number): string {
  return String(Math.max(1, Math.ceil(until - Date.now())))
}

/**
 * @throws {Error} for an entry that Postern did not write. It could stand for a revocation, so nobody's session is taken
 *   until somebody has looked at it and deleted it.
 */
function readRevocation(fields: readonly string[], id: string, stream: string): Revocation {
  const [, kind, , name, , at = '', , until = ''] = fields
  if (kinds.has(kind) && name !== undefined && isNumber(at) && isNumber(until))
    return { kind: kind as RevokedKind, name, at: Number(at), until: Number(until) }
  throw new Error(`Redis holds an entry that is no revocation. Look at it, and delete it: XDEL ${stream} ${id}`)
}

/** `Number` takes also a blank text, for 0. */
function isNumber(text: string): boolean {
  return text.trim() !== '' && Number.isFinite(Number(text))
}

const kinds: ReadonlySet<string | undefined> = new Set<RevokedKind>(['id', 'user', 'team'])
