import type { Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { listen, type Place, PlaceTaken } from '../listen.js'

/** How often a port is tried while another process has it, in milliseconds. */
const pauseMs = 250

/**
 * Waits until the other process has left the port, and listens there.
 *
 * @param until Ends the wait.
 * @param opened Gets the address. It is not called if `until` ended the wait.
 * @throws {Failure} by rejecting, if the port cannot be used for another reason.
 */
export async function listenOnceFree(server: Server, place: Place, until: AbortSignal, opened: (address: string) => void): Promise<void> {
  for (;;) {
    await sleep(pauseMs, undefined, { ref: false })
    if (until.aborted) return
    try {
      return opened(await listen(server, place))
    } catch (error) {
      if (!(error instanceof PlaceTaken)) throw error
    }
  }
}
