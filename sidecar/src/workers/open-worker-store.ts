import type { CheckedConfig } from '@postern/config'
import type { Store } from '@postern/ports'
import { createChannelStore, type Link } from '@postern/stores/channel'
import { openSharedStore } from '../open-store.js'

/**
 * The store of a worker: Redis and PostgreSQL by connections of its own, as a replica has them; a file or memory, which is for one process,
 * through the primary.
 *
 * @throws {Failure} by rejecting, if it cannot be opened.
 */
export async function openWorkerStore(checked: CheckedConfig, link: Link): Promise<Store> {
  return (await openSharedStore(checked)) ?? createChannelStore(link)
}
