import { digestKey } from '../digest-key.js'
import type { Ask } from './connection.js'
import { lifeUntil } from './life-until.js'
import { readValue, readWhole, unreadable } from './replies.js'

/** Adds one to the count of a key, and returns the new count. */
export type Count = (key: string, untilMs: number) => Promise<number>

export function createCount(ask: Ask, schema: string): Count {
  const statement = `
    INSERT INTO ${schema}.counted AS kept (key, count, until)
    SELECT $1, 1, clock.now + $2::bigint FROM ${schema}.now_ms() AS clock (now)
    ON CONFLICT (key) DO UPDATE SET
      count = CASE WHEN kept.until > ${schema}.now_ms() THEN kept.count + 1 ELSE 1 END,
      until = CASE WHEN kept.until > ${schema}.now_ms() THEN kept.until ELSE excluded.until END
    RETURNING count`
  return async (key, untilMs) => {
    const count = readWhole(readValue(await ask(statement, [digestKey(key), lifeUntil(untilMs)]), 'count'))
    if (count < 1) throw unreadable()
    return count
  }
}
