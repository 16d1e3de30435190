import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { CheckedConfig } from '@postern/config'
import { createMemoryStore, type Log, type Store } from '@postern/ports'
import type { StoreSettings } from '@postern/stores'
import { Failure } from './failure.js'

/** The file of the embedded store if the configuration names no store; beside the configuration. */
const defaultFile = 'postern.db'

/**
 * Opens the store of a configuration for the process that serves callers from it, and loads the library of that store
 * only.
 *
 * @param file The configuration file: paths in it are relative to its folder.
 * @throws {Failure} if it cannot be opened, or another process serves callers from the same file.
 */
export async function openConfiguredStore(checked: CheckedConfig, file: string, log: Log): Promise<Store> {
  return open(settingsOf(checked, dirname(file), true), log)
}

/**
 * Opens the store of a configuration for a process that only adds revocations.
 *
 * @throws {Failure} if it cannot be opened, or its file does not exist: a new one would be read by nobody.
 */
export async function openStoreToRevoke(checked: CheckedConfig, file: string): Promise<Store> {
  const settings = settingsOf(checked, dirname(file), false)
  if ('sqlite' in settings && !existsSync(settings.sqlite)) {
    throw new Failure(
      `Nothing was ended: the store ${settings.sqlite} does not exist, so no process serves from it.\nGive the configuration that Postern runs with. If the file was moved or removed while Postern runs, put it back; until then Postern refuses every session with 503.`,
    )
  }
  return open(settings)
}

async function open(settings: StoreSettings, log?: Log): Promise<Store> {
  try {
    if ('redis' in settings) return (await import('@postern/stores/redis')).createRedisStore(settings.redis)
    if ('sqlite' in settings) {
      const { createSqliteStore } = await import('@postern/stores/sqlite')
      return createSqliteStore({ file: settings.sqlite, owner: settings.owner ?? false, ...(log === undefined ? {} : { log }) })
    }
    return createMemoryStore()
  } catch (error) {
    throw new Failure(`The store cannot be opened: ${(error as Error).message}`)
  }
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
