import type { RingKey } from '@postern/instance'

/** The secrets of a key and its rotation, as data. */
export function describeRotation({ rotation, secrets }: RingKey): object {
  return {
    secrets: secrets.map(({ role, addedAt, leaked }) => ({
      role,
      added: new Date(addedAt).toISOString(),
      ...(leaked === true ? { leaked } : {}),
    })),
    ...(rotation === undefined ? {} : { stage: rotation.stage, share: rotation.share, validated_by: rotation.validatedBy }),
  }
}

/** How far the rotation of a key is, in a sentence. */
export function rotationInWords(key: RingKey): string {
  const { rotation } = key
  if (isWaiting(key)) return 'its secret has leaked and is sent by nobody; its callers get 503 key_unavailable.'
  if (rotation === undefined) return 'no rotation is under way.'
  const share = rotation.stage === 'sharing' || rotation.share > 0 ? ` ${rotation.share} of a hundred callers use the new secret.` : ''
  const validated = rotation.validatedBy === undefined ? '' : ` It was validated as ${rotation.validatedBy}.`
  const leaked = hasLeaked(key) ? ' The old secret has leaked.' : ''
  return `a rotation is at the stage "${rotation.stage}".${share}${validated}${leaked}`
}

/** What comes next, each with the command that does it. */
export function nextStage(alias: string, key: RingKey): string {
  const { rotation } = key
  const rotate = `postern keys rotate ${alias}`
  const back = `; back: postern keys rollback ${alias}`
  if (isWaiting(key) && rotation !== undefined && rotation.stage !== 'taken')
    return `Next, since its callers wait: ${rotate} --promote${back}`
  switch (rotation?.stage) {
    case undefined:
      return `Next: create a new key at the gateway with the same policy or a stricter one, then ${rotate} --take`
    case 'taken':
      return `Next: ${rotate} --validate (with --model NAME if the gateway lists its models to anybody, as JoyToken does)${back}`
    case 'validated':
      return `Next: ${rotate} --share 10${back}`
    case 'sharing': {
      const confirm = `${rotate} --confirm`
      if (rotation.share === 100) return `Next: once the gateway's own logs show its calls, ${confirm}${back}`
      const more = rotation.share < 50 ? 50 : 100
      return `Next: more callers (${rotate} --share ${more}), or, once the gateway's own logs show its calls, ${confirm}${back}`
    }
    case 'confirmed':
      return `Next: ${rotate} --promote${back}`
    case 'promoted':
      return hasLeaked(key)
        ? `Next: disable the old key at the gateway, look there for calls that still use it, then ${rotate} --retire`
        : `Next: see that it is not sent any more (${rotate} --watch 60), disable the old key at the gateway, look there for calls of others that still use it, then ${rotate} --retire; back, as long as the gateway takes the old key: postern keys rollback ${alias}`
  }
}

/** Whether the key has no secret that may be sent. */
function isWaiting({ secrets }: RingKey): boolean {
  return secrets.every(({ role }) => role !== 'current')
}

function hasLeaked({ secrets }: RingKey): boolean {
  return secrets.some(({ leaked }) => leaked === true)
}
