import { fetchBounded } from './fetch-bounded.js'
import { openUpstream, type UpstreamPlace } from './open-upstream.js'

/**
 * Asks a gateway for a sign of life: `HEAD` of its base URL, without a key and on a connection of its own. Every answer is one, whatever its
 * status.
 *
 * @param signal The caller aborts it when the gateway has had its time.
 * @throws {Error} The returned promise rejects if the gateway has not answered when `signal` is aborted.
 */
export async function askForLife(
  { basePath, ...place }: UpstreamPlace & { readonly basePath: string },
  signal: AbortSignal,
): Promise<void> {
  const dispatcher = openUpstream(place)
  try {
    await fetchBounded(`${place.origin}${basePath}`, { method: 'HEAD', headers: {}, maxBytes: 0, signal, dispatcher })
  } finally {
    await dispatcher.destroy()
  }
}
