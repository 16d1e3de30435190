import type { Ask } from './connection.js'

/** How often what is over is deleted, in milliseconds; how soon again where there was more; and how many rows of each table at a time. */
const everyMs = 10_000
const soonMs = 100
const rowsAtOnce = 5000

/** Has what is over deleted now and then, behind the statements of a store. A store that nobody asks deletes nothing. */
export function sweepBehind(ask: Ask, schema: string): Ask {
  let nextAt = performance.now() + everyMs * Math.random()
  let isSweeping = false

  async function sweep(): Promise<void> {
    isSweeping = true
    try {
      const [row] = await ask(`SELECT ${schema}.sweep($1) AS has_more`, [rowsAtOnce])
      nextAt = performance.now() + (row?.['has_more'] === true ? soonMs : everyMs)
    } catch {
      // Whoever asks next hears of it.
      nextAt = performance.now() + everyMs
    } finally {
      isSweeping = false
    }
  }

  return async (...asked) => {
    const rows = await ask(...asked)
    if (!isSweeping && performance.now() >= nextAt) void sweep()
    return rows
  }
}
