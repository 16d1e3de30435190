import type { Gateway, KeyLease, Sealing } from '@postern/core'
import type { Secret } from '@postern/ports'
import type { FollowedValue } from './followed-value.js'
import { HeldValue, useOf } from './held-value.js'

/** What a lease has besides its secrets. */
export interface LeaseFacts {
  readonly alias: string
  readonly gateway: Gateway
  readonly project: string | undefined
  readonly currency: string | undefined
}

/** The two secrets of a key: each is followed at its source, or was read with the configuration, or there is none. */
export interface KeyParts {
  readonly secret: FollowedValue | Secret
  readonly providerSecret: FollowedValue | Secret | undefined
  /** What stored objects are sealed with, if something of the configuration lasts longer than the secret. */
  readonly sealing: Secret | undefined
}

/** A key of which at least one secret comes from a source. Each value has a lease of its own, which calls keep until they end. */
export class SourcedKey {
  readonly #facts: LeaseFacts
  readonly #parts: KeyParts
  readonly #mayStore: (secret: Secret) => boolean
  /** Those of its secrets that come from sources. */
  readonly followed: readonly FollowedValue[]
  #lease: KeyLease | undefined

  /** @param mayStore Whether stored objects may be used under the secret that decides whose they are. */
  constructor(facts: LeaseFacts, parts: KeyParts, mayStore: (secret: Secret) => boolean) {
    this.#facts = facts
    this.#parts = parts
    this.#mayStore = mayStore
    this.followed = [parts.secret, parts.providerSecret].filter((part) => part !== undefined && isFollowed(part))
  }

  get alias(): string {
    return this.#facts.alias
  }

  /** The lease with the values of now; `undefined`: at least one is not known. */
  get lease(): KeyLease | undefined {
    const [secret, provider] = [currentOf(this.#parts.secret), currentOf(this.#parts.providerSecret)]
    if (secret === undefined || (provider === undefined && this.#parts.providerSecret !== undefined)) return undefined
    const known = this.#lease
    if (known !== undefined && known.secret === secret.secret && known.providerSecret === provider?.secret) return known
    return (this.#lease = {
      ...this.#facts,
      secret: secret.secret,
      providerSecret: provider?.secret,
      mayStore: this.#mayStore((provider ?? secret).secret),
      use: useOf([secret, provider].filter((value) => value instanceof HeldValue)),
      sealing: this.#sealing(secret.secret),
    })
  }

  #sealing(secret: Secret): readonly Sealing[] {
    const { sealing, secret: part } = this.#parts
    const former = isFollowed(part) ? part.former : []
    return sealing === undefined ? [secret, ...former] : [sealing, secret, ...former]
  }
}

function isFollowed(part: FollowedValue | Secret): part is FollowedValue {
  return 'former' in part
}

function currentOf(part: FollowedValue | Secret | undefined): HeldValue | { readonly secret: Secret } | undefined {
  return part === undefined ? undefined : isFollowed(part) ? part.current : { secret: part }
}
