import type { Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '@postern/ports'
import { listen, PlaceTaken } from '../listen.js'

/** How often the port is tried while another process has it, in milliseconds. */
const pauseMs = 250

/** Where the listener for Prometheus is. */
export interface MetricsPlace {
  readonly host: string
  readonly port: number
}

/**
 * Listens. If another process has the port, as the one before this one does until it is told to stop, calls are served meanwhile, and
 * the port is taken as soon as it is free: nobody's calls wait for metrics.
 *
 * @param until Ends the wait.
 * @returns The address, or `undefined` while another process has the port.
 * @throws {Failure} if the address is none of this machine, or may not be used.
 */
export async function listenWhenFree(server: Server, place: MetricsPlace, log: Log, until: AbortSignal): Promise<string | undefined> {
  try {
    return await listen(server, place)
  } catch (error) {
    if (!(error instanceof PlaceTaken)) throw error
  }
  log('warn', 'waiting', { for: 'metrics', port: place.port, reason: 'Another process has the port.' })
  void takeOver(server, place, log, until)
  return undefined
}

async function takeOver(server: Server, place: MetricsPlace, log: Log, until: AbortSignal): Promise<void> {
  for (;;) {
    await sleep(pauseMs, undefined, { ref: false })
    if (until.aborted) return
    try {
      log('info', 'listening', { metrics: await listen(server, place) })
      return
    } catch (error) {
      if (error instanceof PlaceTaken) continue
      log('error', 'metrics_unavailable', { reason: (error as Error).message })
      return
    }
  }
}
