import { totalmem } from 'node:os'
import type { Config } from '@postern/config'
import { openFiles } from './open-files.js'

/** What clients may take of this process at once. */
export interface Bounds {
  /** Open connections of one address. */
  readonly perAddress: number
  /** Requests of one connection that are worked on; also requests of one address that wait for the begin of their answer. */
  readonly underWay: number
  /** Bytes of unfinished bodies and waiting requests that are held in memory for one address. */
  readonly heldBytes: number
  /** The same for all addresses together. */
  readonly heldInAll: number
  /** The lowest average rate of a request's body, in bytes per second; 0: no bound. */
  readonly minRate: number
  /** Connections to the backend. */
  readonly toBackend: number
  /** Connections of all clients together. */
  readonly inAll: number
}

/** The defaults of the setting `connections`: bytes, and bytes per second. */
export const defaultConnectionSettings: Config['connections'] = {
  perAddress: 1000,
  underWay: 64,
  heldBytes: 256 * 1024 ** 2,
  minRate: 1024,
}

/** The default of `backend.connections`, if the process has enough file descriptors. */
const defaultToBackend = 2048

/**
 * Of the file descriptors, one address gets at most a sixth, the backend by default a sixth, and all clients a half, so
 * that some are left for gateways and files.
 */
const shareOfOne = 6

/** All addresses together hold at most this many times `heldBytes`, and at most half of the memory. */
const addressesAtOnce = 4

/**
 * Lowers the configured bounds to what the file descriptors and the memory of this process allow.
 *
 * @param processes How many processes like this one share the memory.
 */
export function fitBounds(
  { connections: { perAddress, underWay, heldBytes, minRate }, backend }: Pick<Config, 'connections' | 'backend'>,
  processes = 1,
  files: number = openFiles(),
  memory: number = Math.floor(memoryOf() / processes),
): Bounds {
  const share = Math.max(16, Math.floor(files / shareOfOne))
  const heldInAll = Math.min(addressesAtOnce * heldBytes, Math.floor(memory / 2))
  return {
    perAddress: Math.min(perAddress, share),
    underWay,
    heldBytes: Math.min(heldBytes, heldInAll),
    heldInAll,
    minRate,
    toBackend: backend?.connections ?? Math.min(defaultToBackend, share),
    inAll: Math.max(64, Math.floor(files / 2)),
  }
}

/** The memory limit of the container, or else the memory of the machine, in bytes. */
function memoryOf(): number {
  const allowed = process.constrainedMemory()
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem()
}
