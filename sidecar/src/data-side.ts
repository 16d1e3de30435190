import type { Server } from 'node:http'
import type { Listener } from './data-listener.js'
import { closeListener } from './restart/close-listener.js'
import { prepareLastCalls } from './restart/last-calls.js'

/** What takes callers' requests: a listener of this process, or workers. */
export interface DataSide {
  /**
   * Begins to listen.
   *
   * @returns The address of the data listener.
   * @throws {Failure} by rejecting, if the address cannot be used.
   */
  open(): Promise<string>
  /** Accepts no further connection, and takes what is still sent on open ones for so long at most, in milliseconds. */
  leave(takenMs: number): Promise<void>
  /**
   * Lets calls end until the deadline, and then ends them.
   *
   * @returns Whether all ended in time.
   */
  close(deadlineMs: number): Promise<boolean>
}

/**
 * A data side whose listener is this process's own.
 *
 * @param listenAt Has the server listen, and returns its address.
 * @param endCalls Ends the calls that are under way at the deadline.
 */
export function createDataSide(listener: Listener, listenAt: (server: Server) => Promise<string>, endCalls: () => void): DataSide {
  const lastCalls = prepareLastCalls(listener.server)
  return {
    open: () => listenAt(listener.server),
    leave: (takenMs) => lastCalls.take(takenMs),
    close: (deadlineMs) => closeListener(listener, deadlineMs, endCalls),
  }
}
