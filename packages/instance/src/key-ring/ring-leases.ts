import type { Gateway, KeyLease } from '@postern/core'
import { type Principal, type PrincipalFields, Refusal } from '@postern/ports'
import type { HeldKey, OpenSecret } from './held-key.js'
import { placeOf } from './place-of.js'
import type { FoundKey } from './ring-copy.js'
import { isLive, usesNext } from './rotation.js'

/** For how long a secret that a gateway has refused is not sent while the key has another one, in milliseconds. */
const asideMs = 30_000

/** The leases that one runtime gives of the ring's keys: its gateways are its own. */
export class RingLeases {
  readonly #gateways: ReadonlyMap<string, Gateway>
  readonly #leases = new WeakMap<OpenSecret, KeyLease>()

  constructor(gateways: ReadonlyMap<string, Gateway>) {
    this.#gateways = gateways
  }

  /**
   * The lease of the key that a binding leads to. While a new secret is taken in, some callers get it and the others the one from before.
   *
   * @throws {Refusal} 503 `key_unavailable` if the key is not there, is not what Postern wrote, or has no secret that may be sent. Never
   *   another key.
   */
  of({ held }: FoundKey, principal: PrincipalFields): KeyLease {
    const secret = held === undefined ? undefined : secretFor(held, principal)
    const gateway = held === undefined ? undefined : this.#gateways.get(held.read.key.gateway)
    if (held === undefined || secret === undefined || gateway === undefined)
      throw new Refusal('key_unavailable', { retryAfterSeconds: 5, cause: describe(held, gateway) })
    return this.#leaseOf(held, secret, gateway)
  }

  #leaseOf(held: HeldKey, secret: OpenSecret, gateway: Gateway): KeyLease {
    let lease = this.#leases.get(secret)
    if (lease === undefined) {
      const instead = (): KeyLease | undefined => {
        const other = otherThan(held, secret)
        if (other === undefined) return undefined
        secret.asideUntil = performance.now() + asideMs
        return this.#leaseOf(held, other, gateway)
      }
      this.#leases.set(secret, (lease = leaseOf(held, secret, gateway, instead)))
    }
    return lease
  }
}

function secretFor(held: HeldKey, principal: PrincipalFields): OpenSecret | undefined {
  const current = held.of('current')
  const next = held.of('next')
  const chosen = next !== undefined && usesNext(held.read.key, placeOf(principal as Principal)) ? next : current
  if (chosen === undefined || chosen.asideUntil <= performance.now()) return chosen
  return otherThan(held, chosen) ?? chosen
}

/** Another secret of the key that may be sent and that its gateway has not just refused. */
function otherThan(held: HeldKey, refused: OpenSecret): OpenSecret | undefined {
  const now = performance.now()
  return held.secrets.find((secret) => secret !== refused && secret.asideUntil <= now && isLive(held.read.key, secret))
}

/** Nothing is stored under a key of the ring unless the operator says so: nobody can see whether another key has the same secret. */
function leaseOf(held: HeldKey, { secret, providerSecret, use }: OpenSecret, gateway: Gateway, instead: KeyLease['instead']): KeyLease {
  const { alias, key } = held.read
  const shared = { alias, gateway, project: key.project, currency: key.currency, mayStore: key.shared === true, sealing: held.sealing }
  return { ...shared, secret, providerSecret, use, instead }
}

function describe(held: HeldKey | undefined, gateway: Gateway | undefined): string {
  if (held === undefined) return 'The ring has no such key, or its row was not written by Postern.'
  const { alias, key } = held.read
  if (gateway === undefined) return `The key "${alias}" of the ring is for the gateway "${key.gateway}", which is not in the configuration.`
  return `The key "${alias}" of the ring has no secret that may be sent: it has leaked. "postern keys rotate ${alias}" takes a new one.`
}
