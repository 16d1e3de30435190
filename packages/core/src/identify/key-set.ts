import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose'
import { fetchJson } from '../fetch-json.js'

/** The largest key set that is read, in bytes; a large issuer's has a few thousand. */
const maxKeySetBytes = 256 * 1024

/** How long the issuer is waited for, in milliseconds. */
const timeoutMs = 3000

/** Keys are fetched anew after this time, and an unknown key id has them fetched no more often than this, in milliseconds. */
const maxAgeMs = 600_000
const coolDownMs = 30_000

/** After a fetch that failed, callers are refused without another one for this long, in milliseconds. */
const failureCoolDownMs = 1000

/**
 * An issuer's keys, fetched when one is needed: by one request at a time, kept, and fetched anew for a key id
 * that is not among them, as after a rotation.
 */
export function createKeySet(url: URL): JWTVerifyGetKey {
  let failedAt = -Infinity
  let failure: unknown
  return createRemoteJWKSet(url, {
    timeoutDuration: timeoutMs,
    cacheMaxAge: maxAgeMs,
    cooldownDuration: coolDownMs,
    [customFetch]: async (address, { signal }) => {
      if (performance.now() - failedAt < failureCoolDownMs) throw failure
      try {
        return Response.json(await fetchJson(address, { maxBytes: maxKeySetBytes, signal }))
      } catch (error) {
        failedAt = performance.now()
        failure = error
        throw error
      }
    },
  })
}
