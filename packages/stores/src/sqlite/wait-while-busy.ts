import { setTimeout as sleep } from 'node:timers/promises'

/** How long to wait while another process writes, in milliseconds. */
const patienceMs = 1500

/**
 * Shortest and longest pause before the next try, in milliseconds. Random, so that two processes do not keep in step.
 */
const shortestPauseMs = 2
const maxPauseMs = 12

/**
 * Runs `work` on a SQLite file, again and again while another process writes to it. SQLite's own waiting would block
 * the event loop.
 *
 * @throws the error of `work`; if the file stays busy, after {@link patienceMs}.
 */
export async function waitWhileBusy<T>(work: () => T): Promise<T> {
  const until = performance.now() + patienceMs
  for (;;) {
    try {
      return work()
    } catch (error) {
      if (!String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY') || performance.now() > until) throw error
    }
    await sleep(shortestPauseMs + Math.random() * (maxPauseMs - shortestPauseMs))
  }
}
