import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose'
import type { Road } from '../fetch-bounded.js'
import { fetchJson } from '../fetch-json.js'
import { Refusal } from '../refusal.js'

/** The largest key set that is read, in bytes; a large issuer's has a few thousand. */
const maxKeySetBytes = 256 * 1024

/** How long the issuer is waited for, in milliseconds. */
const timeoutMs = 3000

/** Keys are fetched anew after this time, and an unknown key id has them fetched no more often than this, in milliseconds. */
const maxAgeMs = 600_000
const coolDownMs = 5000

/** After a fetch that failed, callers are refused without another one for this long, in milliseconds. */
const failureCoolDownMs = 1000

/**
 * An issuer's keys, fetched when one is needed: by one request at a time, kept, and fetched anew for a key id
 * that is not among them, as after a rotation.
 *
 * @param road What leads there, where it is not the network itself.
 *
 * @throws {Refusal} 503 `caller_check_unavailable` where a key id is not known and it is too soon to ask for it.
 */
export function createKeySet(url: URL, road?: Road): JWTVerifyGetKey {
  let failedAt = -Infinity
  let failure: unknown
  let fetches = 0
  const keys = createRemoteJWKSet(url, {
    timeoutDuration: timeoutMs,
    cacheMaxAge: maxAgeMs,
    cooldownDuration: coolDownMs,
    [customFetch]: async (address, { signal }) => {
      if (performance.now() - failedAt < failureCoolDownMs) throw failure
      try {
        fetches += 1
        return Response.json(readKeySet(await fetchJson(address, { maxBytes: maxKeySetBytes, signal, road })))
      } catch (error) {
        failedAt = performance.now()
        failure = error
        throw error
      }
    },
  })
  return async (header, token) => {
    const before = fetches
    try {
      return await keys(header, token)
    } catch (error) {
      // Rotated a moment ago, or never there: that is not known yet, so it is not the caller's fault.
      if (!(error instanceof errors.JWKSNoMatchingKey) || fetches !== before) throw error
      throw new Refusal('caller_check_unavailable', { retryAfterSeconds: Math.ceil(coolDownMs / 1000), cause: error })
    }
  }
}

/** A set without keys is no set: its issuer is not well. */
function readKeySet(document: unknown): object {
  const keys = typeof document === 'object' && document !== null && 'keys' in document ? document.keys : undefined
  if (!Array.isArray(keys) || keys.length === 0 || !keys.every((key) => typeof key === 'object' && key !== null)) {
    throw new Error('The issuer answered with something that is no set of keys.')
  }
  return document as object
}
