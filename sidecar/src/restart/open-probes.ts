import type { Server } from 'node:http'
import type { Log } from '@postern/ports'
import { listen, PlaceTaken } from '../listen.js'
import { listenOnceFree } from './listen-once-free.js'

/** How long the process at the port may take to say that it is not ready, in milliseconds. */
const answerMs = 1000

interface ProbesPlace {
  readonly host: string
  readonly port: number
}

/**
 * Listens for probes. A process that drains answers them until its last call has ended: if one has the port, this one serves
 * meanwhile, and takes the port as soon as it is free.
 *
 * @param until Ends the wait.
 * @returns The address, or `undefined` while another process that drains has the port.
 * @throws {Failure} if the port cannot be used.
 */
export async function openProbes(server: Server, place: ProbesPlace, log: Log, until: AbortSignal): Promise<string | undefined> {
  try {
    return await listen(server, place)
  } catch (error) {
    if (!(error instanceof PlaceTaken) || !(await isDraining(place))) throw error
  }
  log('info', 'waiting', { for: 'health', port: place.port, reason: 'The process before this one answers there until its calls end.' })
  listenOnceFree(server, place, until, (health) => log('info', 'listening', { health })).catch((error: Error) =>
    log('error', 'no probe can be answered', { port: place.port, cause: error.message }),
  )
  return undefined
}

/** Whether a Postern answers there that is not ready. */
async function isDraining({ host, port }: ProbesPlace): Promise<boolean> {
  try {
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/readyz`
    const answer = await fetch(url, { signal: AbortSignal.timeout(answerMs), redirect: 'manual' })
    return answer.status === 503 && (await answer.text()) === 'not ready\n'
  } catch {
    return false
  }
}
