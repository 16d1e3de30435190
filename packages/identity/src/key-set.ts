import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose'
import { type Dispatcher, fetchJson } from '@postern/core'
import { Refusal } from '@postern/ports'
import type { Availability } from './availability.js'

/** Finds the key for a token's header. */
export type KeySet = JWTVerifyGetKey

/** The largest key set that is read, in bytes; a large issuer's has a few thousand. */
const maxKeySetBytes = 256 * 1024

/** The most keys of a set: a set is copied and searched as a whole, and large issuers have some ten. A key is imported when it is needed. */
const mostKeys = 500

/** How long fetching a key set may take, in milliseconds. */
const timeoutMs = 3000

/** A key set is fetched again after this time, in milliseconds. */
const maxAgeMs = 600_000
/** For an unknown key id, the key set is fetched again, but at most once in this time, in milliseconds. */
const coolDownMs = 5000

/** After a fetch that failed, callers are refused without another one for this long, in milliseconds. */
const failureCoolDownMs = 1000

/**
 * An issuer's keys. They are fetched when one is needed, with one fetch at a time, and kept; they are fetched again for an
 * unknown key id, as after a rotation.
 *
 * @param dispatcher The dispatcher for `url`.
 * @param availability Is told whether each fetch succeeded.
 * @throws {errors.JWSInvalid} from the returned function, if the token's `kid` is not a string.
 * @throws {Refusal} 503 `caller_check_unavailable`, from the returned function, if a key id is unknown and `coolDownMs`
 *   has not passed since the last fetch. Also throws jose's errors.
 */
export function createKeySet(url: URL, dispatcher: Dispatcher, availability?: Availability): KeySet {
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
        const keySet = await fetchKeySet(address, dispatcher, signal)
        availability?.answered()
        return Response.json(keySet)
      } catch (error) {
        failedAt = performance.now()
        failure = error
        availability?.failed(error)
        throw error
      }
    },
  })
  return async (header, token) => {
    // A `kid` that is not a string is the caller's fault (401): do not fetch the key set for it.
    if (header !== undefined && header.kid !== undefined && typeof (header.kid as unknown) !== 'string')
      throw new errors.JWSInvalid('The header "kid" is no text.')
    const before = fetches
    try {
      return await keys(header, token)
    } catch (error) {
      // Unknown key id, and a fetch is not allowed yet: the key may be new, so this is not the caller's fault (503, not 401).
      if (!(error instanceof errors.JWKSNoMatchingKey) || fetches !== before) throw error
      throw new Refusal('caller_check_unavailable', { retryAfterSeconds: Math.ceil(coolDownMs / 1000), cause: error })
    }
  }
}

/**
 * Fetches the key set at a URL.
 *
 * @throws {Error} by rejecting, if it is not here before the signal is aborted, or is no set of keys.
 */
export async function fetchKeySet(url: URL | string, dispatcher: Dispatcher, signal: AbortSignal): Promise<object> {
  return readKeySet(await fetchJson(String(url), { maxBytes: maxKeySetBytes, signal, dispatcher }))
}

/** The members of a key that are used. Those of private keys stay, so that such a key is refused. */
const usedMembers = ['kty', 'kid', 'alg', 'use', 'key_ops', 'ext', 'crv', 'x', 'y', 'n', 'e', 'd', 'k']

/** An empty key set counts as an outage of the issuer, and so does one of more than `mostKeys`. */
function readKeySet(document: unknown): object {
  const keys = typeof document === 'object' && document !== null && 'keys' in document ? document.keys : undefined
  if (!Array.isArray(keys) || keys.length === 0 || !keys.every((key) => typeof key === 'object' && key !== null)) {
    throw new Error('The issuer answered with something that is no set of keys.')
  }
  if (keys.length > mostKeys) throw new Error(`The issuer answered with more than ${mostKeys} keys.`)
  return { keys: (keys as readonly object[]).map(publicPart) }
}

function publicPart(key: object): object {
  return Object.fromEntries(
    usedMembers.flatMap((name) => (Object.hasOwn(key, name) ? [[name, (key as Record<string, unknown>)[name]]] : [])),
  )
}
