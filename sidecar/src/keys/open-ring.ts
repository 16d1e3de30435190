import { dirname } from 'node:path'
import type { CheckedConfig } from '@postern/config'
import { masterKeysOf, RingEditor } from '@postern/instance'
import type { KeyRing } from '@postern/ports'
import { Failure } from '../failure.js'
import { requireConfig } from '../load-config.js'
import { openStoreBeside } from '../open-store.js'

/** The ring of a configuration, open for a command. */
export interface OpenRing {
  readonly checked: CheckedConfig
  /** The configuration file. */
  readonly file: string
  /** The folder that paths in it begin at. */
  readonly directory: string
  readonly ring: KeyRing
  readonly editor: RingEditor
  close(): Promise<void>
}

/** Of the secrets, a command on the ring needs the master keys and where the store is. */
function isOfRing(path: string): boolean {
  return !path.startsWith('keyRing.') && !path.startsWith('store.')
}

/**
 * Opens the ring of a configuration beside the process that serves from it.
 *
 * @throws {Failure} if the configuration has no ring, or its store cannot be opened.
 */
export async function openRing(config: string): Promise<OpenRing> {
  const { checked, file } = requireConfig(config, isOfRing)
  const opened = await openRingOf(checked, file)
  if (opened === undefined)
    throw new Failure(
      `${config} has no key ring. Write\n  keyRing: { masterKeys: [{ id: k1, secret: { env: POSTERN_MASTER_KEY } }] }\nwith a master key of: openssl rand -base64 32`,
    )
  return opened
}

/** As {@link openRing}; `undefined` if the configuration has none. */
export async function openRingOf(checked: CheckedConfig, file: string): Promise<OpenRing | undefined> {
  const masterKeys = masterKeysOf(checked)
  if (masterKeys === undefined) return undefined
  const store = await openStoreBeside(checked, file)
  const { keyRing: ring } = store
  if (ring === undefined) {
    await store.close()
    throw new Failure('The store keeps no keys. Write store: { sqlite: ./postern.db }, or { postgres: … }.')
  }
  return { checked, file, directory: dirname(file), ring, editor: new RingEditor(ring, masterKeys), close: () => store.close() }
}
