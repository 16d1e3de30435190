import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'
import { type SealedId, sealBytes } from './sealed-id.js'

/**
 * Makes the seal of an id: a MAC over the id and its owner. Only a process that has the gateway key can make or check one.
 *
 * @param owner The result of `ownerOf`.
 */
export function sealOf(key: KeyObject, owner: string, id: string): Buffer {
  return createHmac('sha256', key)
    .update(JSON.stringify([owner, id]))
    .digest()
    .subarray(0, sealBytes)
}

/** Whether an id was sealed with this key, for this owner. */
export function isSealedWith(key: KeyObject, owner: string, { id, seal }: SealedId): boolean {
  return timingSafeEqual(seal, sealOf(key, owner, id))
}
