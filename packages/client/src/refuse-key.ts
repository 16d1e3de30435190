import { looksLikeKey } from '@postern/protocol'

/**
 * Refuses what looks like a key of a gateway or provider: in a browser everybody can read it.
 *
 * @throws {TypeError} which does not repeat it.
 */
export function refuseKey(text: string, where: string): void {
  if (looksLikeKey(text.trim().replace(/^\w+\s+/, ''))) {
    throw new TypeError(
      `${where} looks like an API key. Postern adds the key itself, on the server; take it out here, and replace it if this code was ever published.`,
    )
  }
}
