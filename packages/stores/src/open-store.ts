import { createMemoryStore, type Store } from '@postern/ports'
import { createRedisStore, type RedisStoreOptions } from './redis/open.js'
import { createSqliteStore } from './sqlite/open.js'

/** Which store, in the form of the configuration's `store`. */
export type StoreSettings =
  | { readonly memory: true }
  /** `sqlite`: the absolute path of the file. `owner`: set by the process that serves callers. Default `false`. */
  | { readonly sqlite: string; readonly owner?: boolean }
  | { readonly redis: RedisStoreOptions }

/**
 * Opens the store of these settings. Redis is not contacted yet: if it is down, the first call rejects.
 *
 * @throws {StoreInUse} if another process owns the file.
 * @throws {Error} if the file cannot be used, or the URL is not one of Redis.
 */
export function openStore(settings: StoreSettings): Store {
  if ('redis' in settings) return createRedisStore(settings.redis)
  if ('sqlite' in settings) return createSqliteStore({ file: settings.sqlite, owner: settings.owner ?? false })
  return createMemoryStore()
}
