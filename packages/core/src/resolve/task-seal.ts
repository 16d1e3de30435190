import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'
import { ownerOf, type Principal, Refusal } from '@postern/ports'
import type { KeyLease, TaskHandle } from './route.js'

/**
 * Returns the handle for a request that creates a task (`begun`) or names one (`asked`).
 *
 * @throws {Refusal} 404 `not_found` if the id in the path was not sealed for this caller.
 */
export type OpenTask = (key: KeyLease, principal: Principal, task: 'begun' | 'asked', endpointPath: string) => TaskHandle

/** Length of a seal in bytes: 128 bits cannot be guessed. */
const sealBytes = 16

/**
 * At the gateway, every holder of the account's key can read a task by its id, and all tenants of a key share the account.
 * So a caller gets the id in base64url with a seal: a MAC over the id and its owner (`ownerOf`). A seal needs no memory and
 * is valid in every replica and after a restart. A seal made with one key of a gateway is accepted with each other key of
 * that gateway, so keys can be rotated as long as both are in the configuration.
 */
export function createTaskSeals(keys: Iterable<KeyLease>): OpenTask {
  const sealingKeys = new Map<KeyLease, KeyObject>()
  /** Of a key that is used: most of many keys are not used in a while. */
  function sealingKeyOf(key: KeyLease): KeyObject {
    let sealing = sealingKeys.get(key)
    if (sealing === undefined) sealingKeys.set(key, (sealing = key.secret.deriveKey('postern task seal')))
    return sealing
  }

  /** The caller's own key, then the others of its gateway. */
  function* sealingKeysFrom(own: KeyLease): Iterable<KeyObject> {
    yield sealingKeyOf(own)
    for (const key of keys) if (key !== own && key.gateway === own.gateway) yield sealingKeyOf(key)
  }

  return (key, principal, task, endpointPath) => {
    const owner = ownerOf(principal)
    const seal = (id: string): string =>
      `${Buffer.from(id).toString('base64url')}.${macOf(sealingKeyOf(key), owner, id).toString('base64url')}`
    if (task === 'begun') return { path: endpointPath, seal }
    const slash = endpointPath.lastIndexOf('/') + 1
    const id = open(endpointPath.slice(slash), owner, sealingKeysFrom(key))
    if (id === undefined) throw new Refusal('not_found', { message: 'There is no such task of this caller.' })
    return { path: endpointPath.slice(0, slash) + encodeURIComponent(id), seal }
  }
}

/** A sealed id: base64url of the gateway's id, a dot, and 22 characters of MAC. It is one path segment without escapes. */
const sealedForm = /^([\w-]+)\.([\w-]{22})$/

const dotSegment = /^\.{1,2}$/

function open(sealed: string, owner: string, keys: Iterable<KeyObject>): string | undefined {
  const [, encoded, mac] = sealedForm.exec(sealed) ?? []
  if (encoded === undefined || mac === undefined) return undefined
  const id = Buffer.from(encoded, 'base64url').toString('utf8')
  const given = Buffer.from(mac, 'base64url')
  if (given.length !== sealBytes || dotSegment.test(id)) return undefined
  for (const key of keys) if (timingSafeEqual(given, macOf(key, owner, id))) return id
  return undefined
}

function macOf(key: KeyObject, owner: string, id: string): Buffer {
  return createHmac('sha256', key)
    .update(JSON.stringify([owner, id]))
    .digest()
    .subarray(0, sealBytes)
}
