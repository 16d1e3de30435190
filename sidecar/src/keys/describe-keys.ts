import { principalsOf, readKey, type MasterKeys, BrokenSeal } from '@postern/instance'
import { describeBinding, type KeptKey, type KeyRing } from '@postern/ports'

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
  readonly expires?: string
  readonly master_key?: string
  readonly trouble?: string
}

/** Describes a key of the ring, with the first bindings that lead to it. A row that cannot be read is described by its trouble. */
export async function describeRingKey(kept: KeptKey, ring: KeyRing, masterKeys: MasterKeys): Promise<ListedKey> {
  const bound = (await ring.bindingsOf(kept.alias, maxBindings)).map(({ selector }) => describeBinding(principalsOf(selector)))
  try {
    const { alias, key } = readKey(kept, masterKeys)
    const { rotation, secrets } = key
    const current = secrets.find(({ role }) => role === 'current')
    return {
      alias,
      gateway: key.gateway,
      from: 'ring',
      bindings: bound,
      ...(rotation === undefined
        ? {}
        : { rotation: rotation.share > 0 ? `${rotation.stage}, ${rotation.share} % use the next` : rotation.stage }),
      ...(key.expires === undefined ? {} : { expires: key.expires }),
      ...(current === undefined
        ? { trouble: 'it leaked, and has no secret' }
        : { master_key: current.sealed.slice(0, current.sealed.lastIndexOf('.')) }),
    }
  } catch (error) {
    if (!(error instanceof BrokenSeal)) throw error
    return { alias: kept.alias, gateway: '', from: 'ring', bindings: bound, trouble: error.message }
  }
}
