import type { KeyLease } from '../resolve/route.js'
import type { IsDropped } from './header-fates.js'
import type { KeySearch } from './leak/key-search.js'
import { LeakSearch } from './leak/leak-search.js'
import { createRequestFilter } from './request-headers.js'

/** A key made ready to be sent: what it adds to a request, what must be gone before, and how to spot it in an answer. */
export interface PreparedKey {
  readonly isDropped: IsDropped
  /** Name and value in turn; written last. */
  readonly credentialHeaders: readonly string[]
  /** Finds it in an answer, and every other key that is loaded. */
  readonly leaks: LeakSearch
}

/** Reveals a key's secrets, once per runtime, and has them searched for in the answers to every call. */
export function prepareKey(key: KeyLease, loaded: KeySearch): PreparedKey {
  const { dialect, passHeaders } = key.gateway
  const secret = key.secret.reveal()
  const providerSecret = key.providerSecret?.reveal()
  const credentialHeaders = [dialect.credential.header, dialect.credential.prefix + secret]
  if (dialect.providerCredential !== undefined && providerSecret !== undefined) {
    credentialHeaders.push(dialect.providerCredential.header, dialect.providerCredential.prefix + providerSecret)
  }
  if (dialect.project !== undefined && key.project !== undefined) credentialHeaders.push(dialect.project.header, key.project)
  const secrets = providerSecret === undefined ? [secret] : [secret, providerSecret]
  for (const each of secrets) loaded.add(key.alias, each)
  const injected = credentialHeaders.filter((_, index) => index % 2 === 0)
  const chosen = Object.values(dialect.choices ?? {}).map(({ header }) => header)
  return {
    // Derived from what is injected, so the two lists cannot drift apart.
    isDropped: createRequestFilter({ written: [...injected, ...chosen], further: [...dialect.requestHeaders, ...passHeaders] }),
    credentialHeaders,
    leaks: new LeakSearch(loaded, key.alias, secrets),
  }
}
