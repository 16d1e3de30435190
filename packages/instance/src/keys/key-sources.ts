import { type CheckedConfig, isKeySource, type KeySecretReference } from '@postern/config'
import { type Gateway, type KeyLease, type LoadedKeys, shareLoadedKeys } from '@postern/core'
import { type LiveSecrets, Refusal, type Secret, type Uses, type Witness } from '@postern/ports'
import { aliasesWith } from './aliases-with.js'
import { FollowedValue } from './followed-value.js'
import { searchesFor } from './held-value.js'
import { prepareSource } from './open-sources.js'
import { SourcedKey } from './sourced-key.js'
import { ValueCell } from './value-cell.js'

/** What sources of keys are opened for. */
export interface KeySourcesOptions {
  readonly checked: CheckedConfig
  readonly gateways: ReadonlyMap<string, Gateway>
  readonly uses: Uses
  readonly live: LiveSecrets
  readonly witness: Witness
  /** `false`: no source is opened, as for a dry run. */
  readonly asks: boolean
  /** Is told that two keys have turned out to be one, so that nothing may be stored under either. */
  readonly markTwin: (alias: string) => void
}

/** A key that is not what it should be, for the operator. */
export interface KeyTrouble {
  readonly alias: string
  /** ISO 8601. */
  readonly since: string
  readonly reason: string
  /** Whether calls with it are refused. */
  readonly unavailable: boolean
}

/** The keys of one configuration whose secrets come from sources. The sources are asked from now on, until the uses end. */
export class KeySources {
  readonly #keys = new Map<string, SourcedKey>()
  readonly #options: KeySourcesOptions
  readonly #loaded: LoadedKeys
  /** The aliases of keys of the configuration, by the fingerprints of their secrets. */
  #aliases: ReadonlyMap<string, string> | undefined

  constructor(options: KeySourcesOptions) {
    this.#options = options
    this.#loaded = shareLoadedKeys(options.uses)
    if (!options.asks) return
    const sourced = aliasesWith(
      options.checked,
      ({ secret, providerSecret }) => isKeySource(secret) || (providerSecret !== undefined && isKeySource(providerSecret)),
    )
    for (const alias of sourced) this.#keys.set(alias, this.#open(alias))
  }

  /** How many keys come from sources. */
  get size(): number {
    return this.#keys.size
  }

  get aliases(): readonly string[] {
    return [...this.#keys.keys()]
  }

  get(alias: string): SourcedKey | undefined {
    return this.#keys.get(alias)
  }

  /**
   * The lease of a key with its value of now.
   *
   * @throws {Refusal} 503 `key_unavailable`, if its source gave none that counts.
   */
  leaseOf(key: SourcedKey): KeyLease {
    const { lease } = key
    if (lease !== undefined) return lease
    const retryAfterSeconds = Math.max(...key.followed.map((value) => value.retryAfterSeconds))
    const reasons = key.followed.flatMap(({ trouble }) => trouble?.reason ?? [])
    throw new Refusal('key_unavailable', { retryAfterSeconds, cause: new Error(`The source of "${key.alias}": ${reasons.join(' ')}`) })
  }

  /** Settles when it is worth asking for the lease again; `undefined`: now. */
  pending(key: SourcedKey): Promise<unknown> | undefined {
    if (key.lease !== undefined) return undefined
    const missing = key.followed.filter(({ current }) => current === undefined)
    const open = missing.flatMap((value) => value.askForFirst() ?? [])
    return open.length < missing.length ? undefined : Promise.all(open)
  }

  /** The gateway has refused a key: its source may have another one already. */
  suspect(alias: string): void {
    for (const value of this.#keys.get(alias)?.followed ?? []) value.suspect()
  }

  /** Settles when each source was asked once more, or has ended the question that is under way. */
  async asked(): Promise<void> {
    await Promise.all([...this.#keys.values()].flatMap((key) => key.followed.map((value) => value.read())))
  }

  troubles(): readonly KeyTrouble[] {
    return [...this.#keys.values()].flatMap((key): readonly KeyTrouble[] => {
      const [trouble] = key.followed.flatMap((value) => value.trouble ?? [])
      return trouble === undefined ? [] : [{ alias: key.alias, ...trouble, unavailable: key.lease === undefined }]
    })
  }

  #open(alias: string): SourcedKey {
    const { checked, gateways } = this.#options
    const settings = checked.config.keys[alias] as CheckedConfig['config']['keys'][string]
    const part = (name: 'secret' | 'providerSecret'): FollowedValue | Secret | undefined => {
      const reference = settings[name]
      return reference === undefined ? undefined : this.#follow(alias, `keys.${alias}.${name}`, reference)
    }
    const { gateway, project, currency } = settings
    const facts = { alias, gateway: gateways.get(gateway) as Gateway, project, currency }
    const parts = {
      secret: part('secret') as FollowedValue | Secret,
      providerSecret: part('providerSecret'),
      sealing: this.#sealing(alias),
    }
    const isAlone = checked.tenants.get(alias)?.several === false
    return new SourcedKey(facts, parts, (secret) => settings.shared || (isAlone && !this.#hasTwin(alias, secret)))
  }

  #follow(alias: string, path: string, reference: KeySecretReference): FollowedValue | Secret {
    const { checked, uses, live, witness } = this.#options
    if (!isKeySource(reference)) return checked.secrets.get(path) as Secret
    const { place, settings, turns, open } = prepareSource(checked, uses, path, reference)
    const searches = searchesFor(alias, this.#loaded, live)
    const cell = uses.share('value of a source of keys', place, () => new ValueCell(searches), dropUnused)
    const { keySources: times } = checked.config
    return uses.share(
      'source of keys',
      { settings, times },
      () => new FollowedValue({ alias, source: open(), cell, times, turns, tell: witness }),
      closeUnused,
    )
  }

  /** For a key from OAuth: stored objects are also sealed with the client secret, which outlives the tokens. */
  #sealing(alias: string): Secret | undefined {
    const { secrets } = this.#options.checked
    const path = `keys.${alias}.secret`
    return secrets.get(`${path}.oauth.clientSecret`) ?? secrets.get(`${path}.tokenExchange.clientSecret`)
  }

  /** Whether another key has the same secret, which only shows once the source gives it. */
  #hasTwin(alias: string, secret: Secret): boolean {
    const twins = [...this.#twinsOf(alias, secret)]
    for (const twin of twins) this.#options.markTwin(twin)
    return twins.length > 0
  }

  *#twinsOf(alias: string, secret: Secret): Iterable<string> {
    const known = this.#ofConfiguration().get(secret.fingerprint())
    if (known !== undefined && known !== alias) yield known
    for (const other of this.#keys.values())
      if (other.alias !== alias && other.followed.some(({ current }) => current?.secret.equals(secret) === true)) yield other.alias
  }

  #ofConfiguration(): ReadonlyMap<string, string> {
    if (this.#aliases !== undefined) return this.#aliases
    const aliases = new Map<string, string>()
    this.#aliases = aliases
    const { config, secrets } = this.#options.checked
    for (const alias of Object.keys(config.keys)) {
      const secret = secrets.get(`keys.${alias}.providerSecret`) ?? secrets.get(`keys.${alias}.secret`)
      if (secret !== undefined) aliases.set(secret.fingerprint(), alias)
    }
    return aliases
  }
}

/** A function of its own, since one that is written in a method would keep the configuration for as long as the source is open. */
function closeUnused(value: FollowedValue): void {
  value.close()
}

/** The same. */
function dropUnused(cell: ValueCell): void {
  cell.drop()
}
