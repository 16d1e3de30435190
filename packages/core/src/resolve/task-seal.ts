import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'
import { ownerOf, type Principal } from '../principal.js'
import { Refusal } from '../refusal.js'
import type { Gateway, KeyLease } from './route.js'

/** One caller's hold on a task at a gateway. */
export interface TaskHandle {
  /** Path of the endpoint as the gateway knows it. */
  readonly path: string
  /** The id that the caller gets for a task, good for this caller alone. */
  seal(id: string): string
}

/**
 * Gives a caller's hold on the task that a request begins or asks after.
 *
 * @throws {Refusal} 404 `not_found` where the task is somebody else's, or nobody's.
 */
export type OpenTask = (key: KeyLease, principal: Principal, task: 'begun' | 'asked', endpointPath: string) => TaskHandle

/** Bytes of a seal: 128 bits, which nobody guesses. */
const sealBytes = 16

/**
 * A task's id at the gateway opens it for whoever holds the account's key, and all tenants of an account do.
 * So callers get the id, in base64url, with a seal: a MAC over the id and whose task it is. It needs no memory, and is good
 * in every replica and after a restart. Keys that replace each other know each other's seals as long as both
 * are in the configuration.
 */
export function createTaskSeals(keys: readonly KeyLease[]): OpenTask {
  const sealingKeys = new Map<KeyLease, KeyObject>(
    keys.filter(({ gateway }) => gateway.dialect.taskId !== undefined).map((key) => [key, key.secret.deriveKey('postern task seal')]),
  )
  const keysOf = (gateway: Gateway): KeyObject[] =>
    [...sealingKeys].filter(([key]) => key.gateway === gateway).map(([, sealing]) => sealing)

  return (key, principal, task, endpointPath) => {
    const owner = ownerOf(principal)
    const seal = (id: string): string =>
      `${Buffer.from(id).toString('base64url')}.${macOf(sealingKeys.get(key) as KeyObject, owner, id).toString('base64url')}`
    if (task === 'begun') return { path: endpointPath, seal }
    const slash = endpointPath.lastIndexOf('/') + 1
    const id = open(endpointPath.slice(slash), owner, keysOf(key.gateway))
    if (id === undefined) throw new Refusal('not_found', { message: 'There is no such task of this caller.' })
    return { path: endpointPath.slice(0, slash) + encodeURIComponent(id), seal }
  }
}

/** One plain segment of a path, whatever the gateway's ids look like. */
const sealedForm = /^([\w-]+)\.([\w-]{22})$/

const dotSegment = /^\.{1,2}$/

function open(sealed: string, owner: string, keys: readonly KeyObject[]): string | undefined {
  const [, encoded, mac] = sealedForm.exec(sealed) ?? []
  if (encoded === undefined || mac === undefined) return undefined
  const id = Buffer.from(encoded, 'base64url').toString('utf8')
  const given = Buffer.from(mac, 'base64url')
  if (given.length !== sealBytes || dotSegment.test(id)) return undefined
  return keys.some((key) => timingSafeEqual(given, macOf(key, owner, id))) ? id : undefined
}

function macOf(key: KeyObject, owner: string, id: string): Buffer {
  return createHmac('sha256', key)
    .update(JSON.stringify([owner, id]))
    .digest()
    .subarray(0, sealBytes)
}
