import { looksLikeUsualKey } from '@postern/protocol'

/**
 * Refuses a value that looks like a key of a gateway or provider: in a browser everybody can read it.
 *
 * @throws {TypeError} whose message does not contain the value.
 */
export function refuseKey(name: string, text: unknown): void {
  if (
    looksLikeUsualKey(
      String(text)
        .trim()
        .replace(/^\w+\s+/, ''),
    )
  ) {
    throw new TypeError(
      `"${name}" looks like an API key. Postern adds the key on the server: take it out, and replace it if it was published.`,
    )
  }
}
