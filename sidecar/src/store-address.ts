import type { Secret } from '@postern/ports'

/**
 * The address of a Redis or PostgreSQL, for whoever opens it.
 *
 * @param setting Where it is written, such as `store.redis`.
 * @param written What stands there: the address, or a reference to it.
 */
export function addressAt(setting: string, written: unknown, secrets: ReadonlyMap<string, Secret>): string {
  return typeof written === 'string' ? written : (secrets.get(setting) as Secret).reveal()
}
