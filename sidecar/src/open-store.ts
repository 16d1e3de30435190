import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { CheckedConfig } from '@postern/config'
import { createMemoryStore, type Log, type Store } from '@postern/ports'
import type { StoreSettings } from '@postern/stores'
import { Failure } from './failure.js'
import { patienceFor } from './restart/patience.js'
import { addressAt } from './store-address.js'
import { defaultStoreFile, stateFolder } from './state-folder.js'

/** The store of the process that serves callers. */
export interface ServedStore {
  readonly store: Store
  /** Lets another process admit calls beside this store's file. What this process has begun it may finish. */
  readonly handOver: () => void
}

/**
 * Opens the store of a configuration for the process that serves callers from it, and loads the library of that store
 * only. Waits while another process serves from the same file: that one lets go of it when it is told to stop.
 *
 * @param file The configuration file: paths in it are relative to its folder.
 * @throws {Failure} if it cannot be opened, or the other process has not been told to stop in time.
 */
export async function openConfiguredStore(checked: CheckedConfig, file: string, log: Log): Promise<ServedStore> {
  const settings = settingsOf(checked, dirname(file))
  try {
    if (!('sqlite' in settings)) return { store: await open(settings), handOver: () => {} }
    const [{ createSqliteStore }, { waitForClaim }] = await Promise.all([import('@postern/stores/sqlite'), import('@postern/stores/claim')])
    const claim = await waitForClaim(settings.sqlite, patienceFor('store', settings.sqlite, checked.config, log))
    return { store: createSqliteStore({ file: settings.sqlite, claim, log }), handOver: () => claim.release() }
  } catch (error) {
    throw asFailure(error)
  }
}

/**
 * Opens the store of a configuration if it is one that several processes share: Redis or PostgreSQL. `undefined`: it is for one process.
 *
 * @throws {Failure} if it cannot be opened.
 */
export async function openSharedStore(checked: CheckedConfig): Promise<Store | undefined> {
  const settings = settingsOf(checked, checked.directory)
  if (!('redis' in settings || 'postgres' in settings)) return undefined
  return open(settings).catch((error: unknown) => {
    throw asFailure(error)
  })
}

/**
 * Opens the store of a configuration for a process that only adds revocations.
 *
 * @throws {Failure} if it cannot be opened, or its file does not exist: a new one would be read by nobody.
 */
export async function openStoreToRevoke(checked: CheckedConfig, file: string): Promise<Store> {
  const settings = settingsOf(checked, dirname(file))
  if ('sqlite' in settings && !existsSync(settings.sqlite)) {
    throw new Failure(
      `Nothing was ended: the store ${settings.sqlite} does not exist, so no process serves from it.\nGive the configuration that Postern runs with; and where it runs under systemd with a StateDirectory, set STATE_DIRECTORY to that folder. If the file was moved or removed while Postern runs, put it back; until then Postern refuses every session with 503.`,
    )
  }
  return open(settings).catch((error: unknown) => {
    throw asFailure(error)
  })
}

/**
 * Opens the store of a configuration for a command that works on its key ring, beside the process that serves from it. The file is
 * made if it is not there: keys may be added before the first start.
 *
 * @throws {Failure} if it cannot be opened.
 */
export async function openStoreBeside(checked: CheckedConfig, file: string): Promise<Store> {
  return open(settingsOf(checked, dirname(file))).catch((error: unknown) => {
    throw asFailure(error)
  })
}

async function open(settings: StoreSettings): Promise<Store> {
  if ('redis' in settings) return (await import('@postern/stores/redis')).createRedisStore(settings.redis)
  if ('postgres' in settings) return (await import('@postern/stores/postgres')).createPostgresStore(settings.postgres)
  if ('sqlite' in settings) return (await import('@postern/stores/sqlite')).createSqliteStore({ file: settings.sqlite })
  return createMemoryStore()
}

function asFailure(error: unknown): Failure {
  return new Failure(`The store cannot be opened: ${(error as Error).message}`)
}

/** Whether a kind of caller, a limit or the key ring needs a store. */
export function needsStore({ callers: { session, jwt, anonymous }, limits, keyRing }: CheckedConfig['config']): boolean {
  return keyRing !== undefined || session !== undefined || jwt !== undefined || anonymous !== undefined || (limits?.rules.length ?? 0) > 0
}

/** Which store to open. If nothing needs a store, it is memory: no file is created. */
function settingsOf({ config, secrets }: CheckedConfig, directory: string): StoreSettings {
  const { store } = config
  if (store?.postgres !== undefined) {
    const url = addressAt('store.postgres', store.postgres, secrets)
    return { postgres: { url, ...(store.schema === undefined ? {} : { schema: store.schema }) } }
  }
  if (store?.redis !== undefined) {
    const url = addressAt('store.redis', store.redis, secrets)
    return { redis: { url, ...(store.prefix === undefined ? {} : { prefix: store.prefix }) } }
  }
  if (store?.sqlite !== undefined) return { sqlite: resolve(directory, store.sqlite) }
  return store === undefined && needsStore(config) ? { sqlite: resolve(stateFolder(directory), defaultStoreFile) } : { memory: true }
}
