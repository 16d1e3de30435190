import { createMemoryStore, type Store } from '@postern/core'
import { createRedisStore, type RedisStoreOptions } from './redis-store.js'
import { createSqliteStore } from './sqlite-store.js'

/** Which store, as the configuration says it. */
export type StoreSettings =
  | { readonly memory: true }
  /** `sqlite` is the file's absolute path; `owner` is set by the process that serves callers. */
  | { readonly sqlite: string; readonly owner?: boolean }
  | { readonly redis: RedisStoreOptions }

/**
 * Opens the store that settings ask for. Redis is not asked for anything yet: whether it is there shows with the first call.
 *
 * @throws {StoreInUse} where the file has another owner.
 * @throws {Error} where the file cannot be used, or the address of Redis is none.
 */
export function openStore(settings: StoreSettings): Store {
  if ('redis' in settings) return createRedisStore(settings.redis)
  if ('sqlite' in settings) return createSqliteStore({ file: settings.sqlite, owner: settings.owner ?? false })
  return createMemoryStore()
}
