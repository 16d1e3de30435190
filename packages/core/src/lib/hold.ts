import { type Arrival, Refusal } from '@postern/ports'

/** A body up to this size is not counted for its client, in bytes: it needs little memory, and most bodies are smaller. */
const uncountedBytes = 16_384

/** Counts the bytes of one body that are held in memory, against its client's limit (`connections.heldBytes`). */
export interface Hold {
  /** Whether the body may hold this many bytes in all; if so, they are counted. */
  readonly mayHold: (bytes: number) => boolean
  /** The body holds no bytes any more. */
  readonly letGo: () => void
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
