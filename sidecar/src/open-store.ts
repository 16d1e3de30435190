import { dirname, resolve } from 'node:path'
import { type CheckedConfig, createMemoryStore, type Store } from '@postern/core'
import type { StoreSettings } from '@postern/stores'
import { Failure } from './failure.js'

/** The file of the embedded store if the configuration names no store; beside the configuration. */
const defaultFile = 'postern.db'

/**
 * Opens the store of a configuration, and loads the library of that store only.
 *
 * @param file The configuration file: paths in it are relative to its folder.
 * @param owner Whether this process serves callers from the store. Otherwise it only adds revocations.
 * @throws {Failure} if it cannot be opened, or another process serves callers from the same file.
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

/** Whether a kind of caller needs a store. */
export function needsStore({ callers: { session, jwt, anonymous } }: CheckedConfig['config']): boolean {
  return session !== undefined || jwt !== undefined || anonymous !== undefined
}

/** Which store to open. If no kind of caller needs a store, it is memory: no file is created. */
function settingsOf({ config, secrets }: CheckedConfig, directory: string, owner: boolean): StoreSettings {
  const { store } = config
  if (store?.redis !== undefined) {
    const url = typeof store.redis === 'string' ? store.redis : (secrets.get('store.redis')?.reveal() as string)
    return { redis: { url, ...(store.prefix === undefined ? {} : { prefix: store.prefix }) } }
  }
  if (store?.sqlite !== undefined) return { sqlite: resolve(directory, store.sqlite), owner }
  return store === undefined && needsStore(config) ? { sqlite: resolve(directory, defaultFile), owner } : { memory: true }
}
