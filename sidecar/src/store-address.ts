import type { Secret } from '@postern/ports'

/**
 * The address of a Redis or PostgreSQL.
 *
 * @param setting The setting where the address is written, such as `store.redis`.
 * @param written What is written there: the address, or a reference to it.
 * @param secrets The values of references, by their settings.
 */
export function addressAt(setting: string, written: unknown, secrets: ReadonlyMap<string, Secret>): string {
  return typeof written === 'string' ? written : (secrets.get(setting) as Secret).reveal()
}
