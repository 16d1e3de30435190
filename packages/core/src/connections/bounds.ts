import { totalmem } from 'node:os'
import type { Config } from '../config/schema.js'
import { openFiles } from './open-files.js'

/** What clients may take of this process at once. */
export interface Bounds {
  /** Open connections of one address. */
  readonly perAddress: number
  /** Requests of one connection that are worked on, and requests of one address that wait for their answer to begin. */
  readonly underWay: number
  /** Bytes that are held for one address until they are whole. */
  readonly heldBytes: number
  /** The same for everybody. */
  readonly heldInAll: number
  /** Slowest that a body may come, in bytes a second; 0 for no bound. */
  readonly minRate: number
  /** Connections to the backend. */
  readonly toBackend: number
  /** Connections of clients. */
  readonly inAll: number
}

/** What the setting `connections` is where nothing is written. */
export const usualConnectionSettings: Config['connections'] = { perAddress: 1000, underWay: 64, heldBytes: 256 * 1024 ** 2, minRate: 1024 }

/** Connections to the backend where the configuration says nothing and descriptors are plenty. */
const usualToBackend = 2048

/** Of the descriptors, one address gets at most a sixth, the backend a sixth, and all clients a half: whatever happens, some are left for gateways and files. */
const shareOfOne = 6

/** All addresses together hold at most so many times what one may, and at most half of the memory. */
const addressesAtOnce = 4

/** Fits what is configured to what the system has. */
export function fitBounds(
  { connections: { perAddress, underWay, heldBytes, minRate }, backend }: Pick<Config, 'connections' | 'backend'>,
  files: number = openFiles(),
  memory: number = memoryOf(),
): Bounds {
  const share = Math.max(16, Math.floor(files / shareOfOne))
  const heldInAll = Math.min(addressesAtOnce * heldBytes, Math.floor(memory / 2))
  return {
    perAddress: Math.min(perAddress, share),
    underWay,
    heldBytes: Math.min(heldBytes, heldInAll),
    heldInAll,
    minRate,
    toBackend: backend?.connections ?? Math.min(usualToBackend, share),
    inAll: Math.max(64, Math.floor(files / 2)),
  }
}

/** What a container allows, or the machine has, in bytes. */
function memoryOf(): number {
  const allowed = process.constrainedMemory()
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem()
}
