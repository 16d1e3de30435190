import { type Arrival, type BodyHold, Refusal } from '@postern/ports'

/**
 * What one request or answer may hold without being counted for its client, in bytes: it needs little memory, and most are
 * smaller.
 */
const uncountedBytes = 16_384

/**
 * Counts the bytes that one request or one answer holds in memory, against its client's limit (`connections.heldBytes`).
 *
 * It is a class for the reason in ADR 0003.
 */
export class Hold implements BodyHold {
  readonly #arrival: Arrival
  readonly #uncounted: number
  #counted = 0
  #address: string | undefined
  /** Whether the call that these bytes belong to is over. */
  isOver = false

  /** @param uncounted Up to so many bytes are not counted. Default: 16 KiB. */
  constructor(arrival: Arrival, uncounted = uncountedBytes) {
    this.#arrival = arrival
    this.#uncounted = uncounted
  }

  /** Whether any bytes are counted. */
  get isCounted(): boolean {
    return this.#counted > 0
  }

  /** Whether this many bytes may be held in all, more or fewer than before; if so, they are counted. */
  mayHold(bytes: number): boolean {
    const held = bytes <= this.#uncounted ? 0 : bytes
    const more = held - this.#counted
    if (more === 0) return true
    const { connections } = this.#arrival
    if (connections === undefined) return true
    if (this.#counted === 0) this.#address = connections.addressOf(this.#arrival)
    if (more < 0) connections.held.letGo(this.#address, -more)
    else if (!connections.held.take(this.#address, more)) return false
    this.#counted = held
    return true
  }

  /** Nothing is held any more. */
  letGo(): void {
    this.mayHold(0)
  }
}

/**
 * Counts the body of a request that is read whole. Its bytes count until {@link letGoOfBody}: a body that waits for the
 * gateway takes as much memory as one that waits for its client.
 */
export function holdBody(arrival: Arrival): Hold {
  const hold = new Hold(arrival)
  if (arrival.connections !== undefined) arrival.bodyHold = hold
  return hold
}

/** Call when a request is over: nothing keeps its body any more. */
export function letGoOfBody(arrival: Arrival): void {
  const { bodyHold } = arrival
  if (bodyHold === undefined) return
  bodyHold.isOver = true
  bodyHold.letGo()
}

export function tooMuchHeld(): Refusal {
  return new Refusal('rate_limited', { message: 'Too many unfinished requests of this address are held.', retryAfterSeconds: 1 })
}
