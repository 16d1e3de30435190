import type { Locks } from '@postern/ports'
import { digestKey } from '../digest-key.js'
import type { Ask } from './connection.js'
import { lifeUntil } from './life-until.js'
import { readValue, unreadable } from './replies.js'

export function createLocks(ask: Ask, schema: string): Locks {
  return {
    scope: 'shared',
    async take(key, holder, untilMs) {
      const rows = await ask(`SELECT ${schema}.take_lock($1, $2, $3) AS holder`, [digestKey(key), holder, lifeUntil(untilMs)])
      const found = readValue(rows, 'holder')
      if (typeof found !== 'string') throw unreadable()
      return found
    },
    async release(key, holder) {
      await ask(`DELETE FROM ${schema}.locks WHERE key = $1 AND holder = $2`, [digestKey(key), holder])
    },
  }
}
