import { dirname, resolve } from 'node:path'
import { type CheckedConfig, createMemoryStore, type Store } from '@postern/core'
import type { StoreSettings } from '@postern/stores'
import { Failure } from './failure.js'

/** The file of the embedded store where the configuration names no other, beside the configuration. */
const usualFile = 'postern.db'

/**
 * Opens the store of a configuration, and loads the library of that one alone.
 *
 * @param file The configuration file, which paths in it are relative to.
 * @param owner Whether this process serves callers from it, rather than only to write something down.
 * @throws {Failure} where it cannot be opened, or where another process serves callers from the same file.
 */
export async function openConfiguredStore(checked: CheckedConfig, file: string, owner: boolean): Promise<Store> {
  try {
    return await open(settingsOf(checked, dirname(file), owner))
  } catch (error) {
    throw new Failure(`The store cannot be opened: ${(error as Error).message}`)
  }
}

async function open(settings: StoreSettings): Promise<Store> {
  if ('redis' in settings) return (await import('@postern/stores/redis')).createRedisStore(settings.redis)
  if ('sqlite' in settings) {
    const { createSqliteStore } = await import('@postern/stores/sqlite')
    return createSqliteStore({ file: settings.sqlite, owner: settings.owner ?? false })
  }
  return createMemoryStore()
}

/** Where the store is; what nothing needs to be remembered for is not made a file. */
function settingsOf({ config, secrets }: CheckedConfig, directory: string, owner: boolean): StoreSettings {
  const { store } = config
  const { session, jwt, anonymous } = config.callers
  if (store?.redis !== undefined) {
    const url = typeof store.redis === 'string' ? store.redis : (secrets.get('store.redis')?.reveal() as string)
    return { redis: { url, ...(store.prefix === undefined ? {} : { prefix: store.prefix }) } }
  }
  if (store?.sqlite !== undefined) return { sqlite: resolve(directory, store.sqlite), owner }
  const needed = session !== undefined || jwt !== undefined || anonymous !== undefined
  return store === undefined && needed ? { sqlite: resolve(directory, usualFile), owner } : { memory: true }
}
