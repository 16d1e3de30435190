import type { Listener } from '../data-listener.js'

/** How often idle connections are closed while draining, in milliseconds. */
const sweepMs = 50

/** How long clients have, after the deadline, to receive the last bytes of their streams, in milliseconds. */
const lastWordMs = 100

/**
 * Closes a listener: no connection is accepted, idle ones are closed, the others once their answers have ended or the time is
 * over.
 *
 * @returns Whether all ended in time.
 */
export async function closeListener({ server, refuse, cut }: Listener, deadlineMs: number, endCalls: () => void): Promise<boolean> {
  let inTime = true
  const closed = new Promise<void>((done) => {
    server.close(() => done())
  })
  const sweep = setInterval(() => server.closeIdleConnections(), sweepMs)
  const deadline = setTimeout(() => {
    inTime = false
    endCalls()
    refuse?.()
    setTimeout(cut, lastWordMs)
  }, deadlineMs)
  server.closeIdleConnections()
  await closed
  clearInterval(sweep)
  clearTimeout(deadline)
  cut()
  return inTime
}
