import type { Server } from 'node:http'
import type { Log } from '@postern/ports'
import { listen, PlaceTaken } from '../listen.js'
import { listenOnceFree } from '../restart/listen-once-free.js'

/** Where the listener for Prometheus is. */
export interface MetricsPlace {
  readonly host: string
  readonly port: number
}

/**
 * Listens for Prometheus. If another process has the port, as the process before this one does until it is told to stop, this process
 * serves calls meanwhile and listens as soon as the port is free: no call waits for metrics.
 *
 * @param until Ends the wait.
 * @returns The address, or `undefined` while another process has the port.
 * @throws {Failure} if the address is not one of this machine, or may not be used.
 */
export async function listenWhenFree(server: Server, place: MetricsPlace, log: Log, until: AbortSignal): Promise<string | undefined> {
  try {
    return await listen(server, place)
  } catch (error) {
    if (!(error instanceof PlaceTaken)) throw error
  }
  log('warn', 'waiting', { for: 'metrics', port: place.port, reason: 'Another process has the port.' })
  listenOnceFree(server, place, until, (metrics) => log('info', 'listening', { metrics })).catch((error: Error) =>
    log('error', 'metrics_unavailable', { reason: error.message }),
  )
  return undefined
}
