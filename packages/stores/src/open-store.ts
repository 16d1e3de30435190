import { createMemoryStore, type Store } from '@postern/ports'
import { createPostgresStore, type PostgresStoreOptions } from './postgres/open.js'
import { createRedisStore, type RedisStoreOptions } from './redis/open.js'
import { createSqliteStore } from './sqlite/open.js'

/** Which store, in the form of the configuration's `store`. */
export type StoreSettings =
  | { readonly memory: true }
  /** `sqlite`: the absolute path of the file. `owner`: set by the process that serves callers. Default `false`. */
  | { readonly sqlite: string; readonly owner?: boolean }
  | { readonly redis: RedisStoreOptions }
  | { readonly postgres: PostgresStoreOptions }

/**
 * Opens the store of these settings. Redis and PostgreSQL are not contacted yet: if they are down, the first call rejects.
 *
 * @throws {TypeError} if the settings name no place, several, or one that does not exist.
 * @throws {StoreInUse} if another process owns the file.
 * @throws {Error} if the file cannot be used, or the URL is not one of Redis or PostgreSQL.
 */
export function openStore(settings: StoreSettings): Store {
  checkSettings(settings)
  if ('redis' in settings) return createRedisStore(settings.redis)
  if ('postgres' in settings) return createPostgresStore(settings.postgres)
  if ('sqlite' in settings) return createSqliteStore({ file: settings.sqlite, owner: settings.owner ?? false })
  return createMemoryStore()
}

const places = ['memory', 'sqlite', 'redis', 'postgres']

/** A name that is written wrongly must not stand for memory, which forgets what was revoked. */
function checkSettings(settings: unknown): void {
  const given = typeof settings === 'object' && settings !== null ? settings : {}
  const named = Object.entries(given).flatMap(([name, value]) => (name === 'owner' || value === undefined ? [] : [name]))
  const [place = ''] = named
  const isWrong = place === 'memory' && 'memory' in given && given.memory !== true
  if (named.length !== 1 || !places.includes(place) || isWrong)
    throw new TypeError(
      `openStore takes one place, { memory: true }, { sqlite: PATH }, { redis: { url } } or { postgres: { url } }, and was given ${named.join(', ') || 'none'}.`,
    )
}
