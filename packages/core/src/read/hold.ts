import type { Arrival } from '../arrival.js'
import { Refusal } from '../refusal.js'

/** What of a body is held without being counted for its client, in bytes: as much of each connection is little, and most bodies are smaller. */
const uncountedBytes = 16_384

/** Counts what is held of one body for the client that sends it. */
export interface Hold {
  /** Says whether so many bytes in all may be held. */
  mayHold(bytes: number): boolean
  /** Nothing is held any more. */
  letGo(): void
}

export function createHold(arrival: Arrival): Hold {
  const { connections } = arrival
  if (connections === undefined) return uncounted
  const { held } = connections
  const address = connections.addressOf(arrival)
  let counted = 0
  return {
    mayHold(bytes) {
      if (bytes <= uncountedBytes) return true
      if (!held.take(address, bytes - counted)) return false
      counted = bytes
      return true
    },
    letGo() {
      held.letGo(address, counted)
      counted = 0
    },
  }
}

const uncounted: Hold = { mayHold: () => true, letGo: () => {} }

export function tooMuchHeld(): Refusal {
  return new Refusal('rate_limited', { message: 'Too many unfinished requests of this address are held.', retryAfterSeconds: 1 })
}
