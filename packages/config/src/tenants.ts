import { bindingIdentity, describeBinding, Secret } from '@postern/ports'
import { isKeySource, type KeySecretReference } from './key-source-schemas.js'
import type { Config } from './schema.js'

type BindingLine = Config['bindings'][number]
type KeySecrets = Readonly<Record<'secret' | 'providerSecret', Secret | undefined>> & {
  readonly part?: Pick<Config['keys'][string], 'secret' | 'providerSecret'>
}

/** Who uses the account of a key, by the configuration. */
export interface Tenants {
  /** The aliases of all keys of the account: they have the same secret. */
  readonly aliases: readonly string[]
  /** The bindings that use the account, as text: `team=acme`. */
  readonly bindings: readonly string[]
  /** Two or more bindings use the account, or a default binding does. */
  readonly several: boolean
}

/**
 * Finds for each key, by its alias, the bindings that use its account. Two keys with the same secret share an account. If a key has a
 * `providerSecret`, that secret decides, since the provider stores objects under its own key.
 *
 * @param delegates The labels of service callers with `delegate: true`. A binding of such a label alone counts as several tenants. Default: no label.
 */
export function findTenants(
  keys: Iterable<readonly [alias: string, key: KeySecrets]>,
  bindings: Iterable<{ readonly part: BindingLine }>,
  delegates: ReadonlySet<string> = new Set(),
): ReadonlyMap<string, Tenants> {
  const accounts = findAccounts(keys, delegates)
  for (const { part } of bindings) accounts.get(part.key)?.add(part)
  return accounts
}

/** One account at a gateway or provider. Most accounts have one key and one binding, so all else is found out when it is asked for. */
class Account implements Tenants {
  readonly #alias: string
  #aliases: string[] | undefined
  readonly #delegates: ReadonlySet<string>
  #line: BindingLine | undefined
  #lines: BindingLine[] | undefined
  #different: readonly BindingLine[] | undefined
  #described: readonly string[] | undefined
  #several: boolean | undefined

  constructor(alias: string, delegates: ReadonlySet<string>) {
    this.#alias = alias
    this.#delegates = delegates
  }

  get aliases(): readonly string[] {
    return this.#aliases ?? [this.#alias]
  }

  addAlias(alias: string): void {
    ;(this.#aliases ??= [this.#alias]).push(alias)
  }

  add(line: BindingLine): void {
    if (this.#line === undefined) this.#line = line
    else (this.#lines ??= [this.#line]).push(line)
  }

  get bindings(): readonly string[] {
    return (this.#described ??= this.#distinct().map(describeBinding))
  }

  get several(): boolean {
    if (this.#lines === undefined) return this.#line !== undefined && this.#isForSeveral(this.#line)
    return (this.#several ??= this.#distinct().length > 1 || this.#all().some((line) => this.#isForSeveral(line)))
  }

  /** Whether one binding leads several tenants to the key: the default, a workflow of anybody, or an application that calls for its users. */
  #isForSeveral({ default: isDefault, user, team, project, service, workflow }: BindingLine): boolean {
    if (isDefault === true) return true
    if (user !== undefined || team !== undefined || project !== undefined) return false
    return workflow !== undefined || (service !== undefined && this.#delegates.has(service))
  }

  #all(): readonly BindingLine[] {
    return this.#lines ?? (this.#line === undefined ? [] : [this.#line])
  }

  /** Two bindings for the same principal count as one tenant; `checkBindings` reports them. */
  #distinct(): readonly BindingLine[] {
    const lines = this.#all()
    if (lines.length < 2) return lines
    return (this.#different ??= [...new Map(lines.map((line) => [bindingIdentity(line), line])).values()])
  }
}

/**
 * The account of each key, by its alias. Keys with the same secret share an account, and so do keys that come from the same place of a
 * source, whatever the source gives. A key with neither has an account of its own.
 */
function findAccounts(
  keys: Iterable<readonly [alias: string, key: KeySecrets]>,
  delegates: ReadonlySet<string>,
): ReadonlyMap<string, Account> {
  const bySecret = Secret.createMap<Account>()
  const bySource = new Map<string, Account>()
  const accounts = new Map<string, Account>()
  for (const [alias, { secret: own, providerSecret, part }] of keys) {
    const isProviderSourced = part?.providerSecret !== undefined && isKeySource(part.providerSecret)
    const secret = providerSecret ?? (isProviderSourced ? undefined : own)
    const source = secret === undefined ? accountOfSource(part?.providerSecret ?? part?.secret) : undefined
    const known = secret !== undefined ? bySecret.get(secret) : source === undefined ? undefined : bySource.get(source)
    const account = known ?? new Account(alias, delegates)
    if (known !== undefined) known.addAlias(alias)
    else if (secret !== undefined) bySecret.set(secret, account)
    else if (source !== undefined) bySource.set(source, account)
    accounts.set(alias, account)
  }
  return accounts
}

/** Which account a source leads to, as text; `undefined`: the secret is not asked for at a source. */
function accountOfSource(reference: KeySecretReference | undefined): string | undefined {
  if (reference === undefined || !isKeySource(reference)) return undefined
  // A client has one account, whatever its tokens are for.
  if ('oauth' in reference) return JSON.stringify([reference.oauth.url, reference.oauth.clientId])
  if (!('tokenExchange' in reference)) return JSON.stringify(reference)
  const { url, clientId, subjectToken } = reference.tokenExchange
  return JSON.stringify([url, clientId, subjectToken])
}
