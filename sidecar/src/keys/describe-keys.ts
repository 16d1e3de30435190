import type { OwnBindings } from '@postern/config'
import { BrokenSeal, checkBinding, type MasterKeys, readKey } from '@postern/instance'
import { describeBinding, fieldsOfIdentity, type KeptBinding, type KeptKey, type KeyRing } from '@postern/ports'
import { describeUses, type UsesByName } from './describe-uses.js'

/** How many bindings of one key are listed at most. */
const maxBindings = 5

/** A key in a list, without its secret. */
export interface ListedKey {
  readonly alias: string
  readonly gateway: string
  /** Where the secret is: `env KEY`, `file …`, `ring`. */
  readonly from: string
  readonly bindings: readonly string[]
  readonly rotation?: string
  /** How often each secret was sent since the rotation began. */
  readonly uses?: UsesByName
  readonly expires?: string
  readonly master_key?: string
  readonly trouble?: string
}

/**
 * Describes a key of the ring, with the first bindings that lead to it. A row that cannot be read is described by its trouble.
 *
 * @param own The bindings of the configuration, which count before those of the ring.
 */
export async function describeRingKey(kept: KeptKey, ring: KeyRing, masterKeys: MasterKeys, own: OwnBindings): Promise<ListedKey> {
  const bindings = await ring.bindingsOf(kept.alias, maxBindings)
  const bound = bindings.map(({ selector }) => describeBinding(fieldsOfIdentity(selector)))
  try {
    const { alias, key } = readKey(kept, masterKeys)
    const broken = bindings.map((binding) => troubleOf(binding, masterKeys, own)).find((trouble) => trouble !== undefined)
    const { rotation, secrets } = key
    const current = secrets.find(({ role }) => role === 'current')
    const uses = rotation === undefined ? undefined : describeUses(key, await ring.usesOf(alias))
    return {
      alias,
      gateway: key.gateway,
      from: 'ring',
      bindings: bound,
      ...(rotation === undefined
        ? {}
        : { rotation: rotation.share > 0 ? `${rotation.stage}, ${rotation.share} % use the next` : rotation.stage }),
      ...(uses === undefined ? {} : { uses }),
      ...(key.expires === undefined ? {} : { expires: key.expires }),
      ...(broken === undefined ? {} : { trouble: broken }),
      ...(current === undefined
        ? { trouble: 'it leaked, and has no secret' }
        : { master_key: current.sealed.slice(0, current.sealed.lastIndexOf('.')) }),
    }
  } catch (error) {
    if (!(error instanceof BrokenSeal)) throw error
    return { alias: kept.alias, gateway: '', from: 'ring', bindings: bound, trouble: error.message }
  }
}

/** What is wrong with a binding whose callers get no key, or another one. */
function troubleOf(binding: KeptBinding, masterKeys: MasterKeys, own: OwnBindings): string | undefined {
  try {
    checkBinding(binding, masterKeys)
    const principal = fieldsOfIdentity(binding.selector)
    const key = own.keyOf(principal)
    return key === undefined ? undefined : describeOverridden(describeBinding(principal), key)
  } catch (error) {
    if (!(error instanceof BrokenSeal)) throw error
    return `the binding of ${describeBinding(fieldsOfIdentity(binding.selector))} cannot be read: ${error.message}`
  }
}

/** Says that a binding of the ring does not count. @param key The key that its principal has by the configuration. */
export function describeOverridden(binding: string, key: string): string {
  return `the configuration binds ${binding} to "${key}", and that counts`
}
