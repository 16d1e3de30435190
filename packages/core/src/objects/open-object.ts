import type { KeyObject } from 'node:crypto'
import type { CallerObject } from '@postern/gateways'
import { ownerOf, type Principal, Refusal } from '@postern/ports'
import type { KeyLease } from '../resolve/route.js'
import type { ObjectHandle } from './object-handle.js'
import { isSealedWith, sealOf } from './seal.js'
import { readSealedId, writeSealedId } from './sealed-id.js'
import { SealingKeys } from './sealing-keys.js'

/**
 * Returns the handle for a request that creates an object of its caller or names one.
 *
 * @param key The key that the request is sent with. It may be another one than the id was sealed with; see {@link SealingKeys.accepted}.
 * @throws {Refusal} 404 `not_found` if the id in the path was not sealed for this caller.
 */
export type OpenObject = (key: KeyLease, principal: Principal, object: CallerObject, endpointPath: string) => ObjectHandle

/**
 * At the gateway, every holder of the account's key can read an object by its id, and all tenants of a key share the account.
 * So a caller gets the id with a seal. A seal needs no memory and is valid in every replica and after a restart.
 *
 * @param keys Every key of the configuration. Nothing is derived from a key before it is used.
 */
export function createObjectOpener(keys: Iterable<KeyLease>): OpenObject {
  const sealingKeys = new SealingKeys(keys)
  return (key, principal, { kind, role }, endpointPath) => {
    const owner = ownerOf(principal)
    const seal = (id: string): string => writeSealedId({ id, seal: sealOf(sealingKeys.of(key), owner, id) })
    if (role === 'creates') return { path: endpointPath, seal }
    const slash = endpointPath.lastIndexOf('/') + 1
    const id = open(endpointPath.slice(slash), owner, sealingKeys.accepted(key))
    if (id === undefined) throw new Refusal('not_found', { message: `There is no such ${kind} of this caller.` })
    return { path: endpointPath.slice(0, slash) + encodeURIComponent(id), seal }
  }
}

/** Returns the gateway's id; `undefined` if none of the keys sealed the id for this owner. */
function open(text: string, owner: string, keys: Iterable<KeyObject>): string | undefined {
  const sealed = readSealedId(text)
  if (sealed === undefined) return undefined
  for (const key of keys) if (isSealedWith(key, owner, sealed)) return sealed.id
  return undefined
}
