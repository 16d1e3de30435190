import { setTimeout as sleep } from 'node:timers/promises'

/** How long another process's writing is waited for, in milliseconds. */
const patienceMs = 1500

/** How long at least and at most until the next try, in milliseconds: by chance, so as not to keep step with the other. */
const shortestPauseMs = 2
const longestPauseMs = 12

/**
 * Does work on a SQLite file, again and again while another process writes to it. SQLite's own waiting would
 * hold up everything that this process does.
 *
 * @throws what the work throws, {@link patienceMs} later where the file is still busy.
 */
export async function waitWhileBusy<T>(work: () => T): Promise<T> {
  const until = performance.now() + patienceMs
  for (;;) {
    try {
      return work()
    } catch (error) {
      if (!String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY') || performance.now() > until) throw error
    }
    await sleep(shortestPauseMs + Math.random() * (longestPauseMs - shortestPauseMs))
  }
}
