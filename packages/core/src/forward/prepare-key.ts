import type { Secret } from '@postern/ports'
import type { Gateway, KeyLease } from '../resolve/route.js'
import type { IsDropped } from './header-filter.js'
import { KeySearch } from './leak/key-search.js'
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

/** Finds what is prepared for a key. */
export type PreparedKeys = (key: KeyLease) => PreparedKey

/** A secret of a key. */
export interface KeySecret {
  readonly alias: string
  readonly secret: Secret
}

/**
 * The search for every key that any runtime has loaded, in the answers to all calls. A key that several have is searched for until
 * the last of them is gone.
 */
export class LoadedKeys {
  readonly search = new KeySearch()
  /** The runtimes that have keys here. */
  #runtimes = 0

  /** Adds the value that a source has given. */
  addValue({ alias, secret }: KeySecret): void {
    this.search.add(alias, secret.reveal())
  }

  /** Removes a value once. */
  removeValue({ alias, secret }: KeySecret): void {
    this.search.remove(alias, secret.reveal())
  }

  /** @param expected About how many keys come. Default: few. */
  add(keys: Iterable<KeySecret>, expected = 0): void {
    this.#runtimes += 1
    this.search.reserve(expected)
    for (const { alias, secret } of keys) this.search.add(alias, secret.reveal())
  }

  remove(keys: Iterable<KeySecret>): void {
    this.#runtimes -= 1
    // With the last runtime the search itself goes.
    if (this.#runtimes > 0) for (const { alias, secret } of keys) this.search.remove(alias, secret.reveal())
  }
}

/** Prepares a key when it is used for the first time: most of many keys are not used in a while. */
export function prepareKeys(loaded: KeySearch): PreparedKeys {
  const prepared = new WeakMap<KeyLease, PreparedKey>()
  const filters = new RequestFilters()
  return (key) => {
    let found = prepared.get(key)
    if (found === undefined) prepared.set(key, (found = prepareKey(key, loaded, filters)))
    return found
  }
}

function secretsOf({ secret, providerSecret }: KeyLease): readonly string[] {
  return providerSecret === undefined ? [secret.reveal()] : [secret.reveal(), providerSecret.reveal()]
}

/** The headers that a key adds to a request: name and value in turn. */
export function credentialHeadersOf(key: KeyLease): readonly string[] {
  const { dialect } = key.gateway
  const [secret, providerSecret] = secretsOf(key) as [string, string?]
  const headers = [dialect.credential.header, dialect.credential.prefix + secret]
  if (dialect.providerCredential !== undefined && providerSecret !== undefined) {
    headers.push(dialect.providerCredential.header, dialect.providerCredential.prefix + providerSecret)
  }
  if (dialect.project !== undefined && key.project !== undefined) headers.push(dialect.project.header, key.project)
  return headers
}

function prepareKey(key: KeyLease, loaded: KeySearch, filters: RequestFilters): PreparedKey {
  const credentialHeaders = credentialHeadersOf(key)
  return {
    // Derived from `credentialHeaders`, so every added header is also dropped from the client's.
    isDropped: filters.of(
      key.gateway,
      credentialHeaders.filter((_, index) => index % 2 === 0),
    ),
    credentialHeaders,
    leaks: new LeakSearch(loaded, key.alias, () => secretsOf(key)),
  }
}

/** The filters of client headers. The keys of a gateway that add the same headers have one together: it also remembers names that clients use. */
class RequestFilters {
  readonly #made = new Map<Gateway, Map<string, IsDropped>>()

  /** @param injected The names of the headers that the key adds. */
  of(gateway: Gateway, injected: readonly string[]): IsDropped {
    const ofGateway = this.#made.get(gateway) ?? new Map<string, IsDropped>()
    this.#made.set(gateway, ofGateway)
    const names = injected.join('\n')
    let filter = ofGateway.get(names)
    if (filter === undefined) ofGateway.set(names, (filter = createFilter(gateway, injected)))
    return filter
  }
}

function createFilter({ dialect, passHeaders }: Gateway, injected: readonly string[]): IsDropped {
  const chosen = Object.values(dialect.choices ?? {}).map(({ header }) => header)
  return createRequestFilter({ written: [...injected, ...chosen], further: [...dialect.requestHeaders, ...passHeaders] })
}
