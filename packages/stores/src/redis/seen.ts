import type { Seen } from '@postern/ports'
import { digestKey } from '../digest-key.js'
import type { SendCommand } from './connection.js'
import { lifeUntil } from './life-until.js'
import { readFirst } from './replies.js'

export function createSeen(send: SendCommand, prefix: string): Seen {
  return {
    scope: 'shared',
    async add(key, untilMs) {
      return readFirst(await send(['SET', `${prefix}remembered:${digestKey(key)}`, '1', 'NX', 'PX', lifeUntil(untilMs)]))
    },
  }
}
