import type { Locks } from '@postern/ports'
import { digestKey } from '../digest-key.js'
import type { SendCommand } from './connection.js'
import { lifeUntil } from './life-until.js'
import { readDone, readText } from './replies.js'
import { lockScript, unlockScript } from './scripts.js'

export function createLocks(send: SendCommand, prefix: string): Locks {
  const keyOf = (key: string): string => `${prefix}lock:${digestKey(key)}`
  return {
    scope: 'shared',
    async take(key, holder, untilMs) {
      return readText(await send(['EVAL', lockScript, '1', keyOf(key), holder, lifeUntil(untilMs)]))
    },
    async release(key, holder) {
      readDone(await send(['EVAL', unlockScript, '1', keyOf(key), holder]))
    },
  }
}
