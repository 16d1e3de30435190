import { RingFault } from './ring-fault.js'
import type { RingKey, RingSecret, Rotation } from './ring-key.js'

/**
 * The stages of a rotation, each a function from a key to the key after it: take → validate → share → confirm → promote → retire, and
 * back by `rollBack` until `retire`. A key is written whole with each stage, so a process that dies leaves it in the stage before or
 * after.
 */

/** A new secret, sealed for the next version of the key. */
export type NewSecret = Pick<RingSecret, 'since' | 'sealed' | 'sealedProvider'>

/** Takes the next secret. No call uses it yet. */
export function takeNext(key: RingKey, next: NewSecret, nowMs: number): RingKey {
  if (key.rotation !== undefined)
    throw new RingFault(
      `A rotation is under way, at the stage "${key.rotation.stage}".`,
      'Go on with it, or end it with "postern keys rollback ALIAS".',
    )
  return {
    ...key,
    secrets: [...key.secrets, { role: 'next', addedAt: nowMs, ...next }],
    rotation: { stage: 'taken', share: 0, startedAt: nowMs },
  }
}

/** A real call with the next secret was answered. @param requestId The id of that call. */
export function noteValidated(key: RingKey, requestId: string): RingKey {
  const rotation = requireStage(key, ['taken', 'validated'])
  return { ...key, rotation: { ...rotation, stage: 'validated', validatedBy: requestId } }
}

/** Has so many callers of a hundred use the next secret. */
export function shareNext(key: RingKey, share: number): RingKey {
  const rotation = requireStage(key, ['validated', 'sharing', 'confirmed'])
  if (!Number.isInteger(share) || share < 0 || share > 100)
    throw new RingFault('A share is a whole number from 0 to 100.', 'Write --share 25.')
  return { ...key, rotation: { ...rotation, stage: 'sharing', share } }
}

/** The operator has seen the next secret's calls in the gateway's own usage. */
export function confirmNext(key: RingKey): RingKey {
  const rotation = requireStage(key, ['validated', 'sharing'])
  return { ...key, rotation: { ...rotation, stage: 'confirmed' } }
}

/** Has every caller use the next secret. The one from before is not sent any more; it is kept until {@link retireFormer}. */
export function promoteNext(key: RingKey, nowMs: number): RingKey {
  // A key that has leaked has nothing to fall back on: its callers wait.
  const hasCurrent = key.secrets.some(({ role }) => role === 'current')
  const rotation = requireStage(key, hasCurrent ? ['confirmed'] : ['validated', 'sharing', 'confirmed'])
  return { ...withNextPromoted(key, nowMs), rotation: { ...rotation, stage: 'promoted', share: 0 } }
}

/** Forgets the secrets that are not sent any more: the operator has disabled them at the gateway. */
export function retireFormer(key: RingKey): RingKey {
  requireStage(key, ['promoted'])
  const { rotation: _ended, ...kept } = key
  return { ...kept, secrets: key.secrets.filter(({ role }) => role !== 'former') }
}

/** Goes back to the secret from before the rotation, and forgets the other one. */
export function rollBack(key: RingKey): RingKey {
  if (key.rotation === undefined) throw new RingFault('No rotation is under way.', 'There is nothing to roll back.')
  const { rotation, ...kept } = key
  if (rotation.stage !== 'promoted') return { ...kept, secrets: key.secrets.filter(({ role }) => role !== 'next') }
  const former = key.secrets.findLast(({ role }) => role === 'former')
  if (former === undefined || former.leaked === true)
    throw new RingFault('The secret from before is not there any more, or has leaked.', 'Begin another rotation with a new one.')
  return { ...kept, secrets: [{ ...former, role: 'current', leftAt: undefined }] }
}

/**
 * The secret in use has leaked: it is sent by nobody from now on. A next secret that was validated takes its place; without one the key
 * has none until a rotation brings it.
 */
export function revokeLeaked(key: RingKey, nowMs: number): RingKey {
  const marked: RingKey = {
    ...key,
    secrets: key.secrets.map((secret) => (secret.role === 'next' ? secret : { ...secret, role: 'former', leaked: true, leftAt: nowMs })),
  }
  if (key.rotation === undefined || key.rotation.stage === 'taken') return marked
  return { ...withNextPromoted(marked, nowMs), rotation: { ...key.rotation, stage: 'promoted', share: 0 } }
}

/**
 * Whether a caller is among those who use the next secret. The same caller is so from one call to the next, and with a larger share too.
 *
 * @param place A number from 0 to 99 that the caller always has.
 */
export function usesNext({ rotation }: RingKey, place: number): boolean {
  return rotation !== undefined && rotation.stage !== 'taken' && place < rotation.share
}

/** Whether a secret may be sent at all: the next one once it was validated, the former one as long as it can be gone back to. */
export function isLive({ rotation }: RingKey, { role, leaked }: Pick<RingSecret, 'role' | 'leaked'>): boolean {
  if (leaked === true) return false
  if (role === 'current') return true
  return role === 'next' ? rotation !== undefined && rotation.stage !== 'taken' : rotation?.stage === 'promoted'
}

function withNextPromoted(key: RingKey, nowMs: number): RingKey {
  const role = (secret: RingSecret): RingSecret => {
    if (secret.role === 'next') return { ...secret, role: 'current' }
    return secret.role === 'current' ? { ...secret, role: 'former', leftAt: nowMs } : secret
  }
  return { ...key, secrets: key.secrets.map(role) }
}

/** @throws {RingFault} if no rotation is under way. */
export function requireRotation({ rotation }: RingKey): Rotation {
  if (rotation === undefined) throw new RingFault('No rotation is under way.', 'Begin one with "postern keys rotate ALIAS --take".')
  return rotation
}

function requireStage(key: RingKey, stages: readonly Rotation['stage'][]): Rotation {
  const rotation = requireRotation(key)
  if (!stages.includes(rotation.stage))
    throw new RingFault(
      `The rotation is at the stage "${rotation.stage}", and this follows ${stages.map((stage) => `"${stage}"`).join(' or ')}.`,
      '"postern keys rotate ALIAS" says what comes next.',
    )
  return rotation
}
