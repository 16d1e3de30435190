import type { Counters } from '@postern/ports'
import { digestKey } from '../digest-key.js'
import type { SendCommand } from './connection.js'
import { lifeUntil } from './life-until.js'
import { readCount } from './replies.js'
import { countScript } from './scripts.js'

export function createCounters(send: SendCommand, prefix: string): Counters {
  return {
    scope: 'shared',
    async add(key, untilMs) {
      return readCount(await send(['EVAL', countScript, '1', `${prefix}counted:${digestKey(key)}`, lifeUntil(untilMs)]))
    },
  }
}
