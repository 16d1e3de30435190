import type { KeyLease } from '../resolve/route.js'
import type { IsDropped } from './header-filter.js'
import type { KeySearch } from './leak/key-search.js'
import { LeakSearch } from './leak/leak-search.js'
import { createRequestFilter } from './request-headers.js'

/** A key that is ready to be sent: the headers that it adds, the filter of client headers, and the search for it in answers. */
export interface PreparedKey {
  readonly isDropped: IsDropped
  /** Name and value in turn; they are written after all other headers. */
  readonly credentialHeaders: readonly string[]
  /** Finds this key, and every other loaded key, in an answer. */
  readonly leaks: LeakSearch
}

/** Reveals a key's secrets, once per runtime, and adds them to the search in the answers to all calls. */
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
    // Derived from `credentialHeaders`, so every added header is also dropped from the client's.
    isDropped: createRequestFilter({ written: [...injected, ...chosen], further: [...dialect.requestHeaders, ...passHeaders] }),
    credentialHeaders,
    leaks: new LeakSearch(loaded, key.alias, secrets),
  }
}
