/** A request that has left the queue, for as long as it is under way. A function that is called twice counts once. */
export interface Slot {
  /** The client begins to send its body: until it is sent, the request does not count as waiting for an answer. */
  readonly sending: () => void
  /** The body is sent: the request counts as waiting for an answer again, unless the answer has begun. */
  readonly sent: () => void
  /** The answer has begun: the request no longer counts as waiting for one. */
  readonly begun: () => void
  /** The request is over, or its client has left: its place is free. */
  readonly over: () => void
}

export interface FairQueueOptions {
  /** The most requests of one address that wait for the begin of their answer. */
  readonly underWay: number
  /** The most requests of one address in all, including those whose answer has begun. */
  readonly share: number
  /** The most requests of all addresses together. */
  readonly total: number
}

/**
 * A queue of requests with bounds per address and in all. The requests of one address leave it in order; the addresses
 * take turns (round-robin).
 */
export interface FairQueue {
  /**
   * Calls `come` with a turn, at once or when the bounds allow it.
   *
   * @param address `undefined`: bounded only by `total`.
   * @returns A function that leaves the queue; `undefined` if `come` was called already.
   */
  enter(address: string | undefined, come: (turn: Slot) => void): (() => void) | undefined
  /** Whether the next request of an address would have to wait. */
  isFull(address: string | undefined): boolean
  /**
   * When a request of this address last left the queue, by `performance.now()`. If the address is within its own bounds and
   * waits only for `total`, when a request of any address did.
   */
  movedAt(address: string | undefined): number
  /** Counts a request that is under way already, without a check of the bounds. */
  take(address: string | undefined): Slot
  /** How many requests are under way. */
  readonly open: number
  /** Requests that wait. */
  readonly waiting: number
}

type Come = (turn: Slot) => void

/** The requests of one address that are under way, and those that wait. */
interface Line {
  readonly address: string | undefined
  unanswered: number
  open: number
  /** When a request that waited was last let in, by `performance.now()`. */
  movedAt: number
  readonly waiting: Set<Come>
}

export function createFairQueue({ underWay, share, total }: FairQueueOptions): FairQueue {
  const lines = new Map<string | undefined, Line>()
  /** Lines whose first request waits only for `total`. */
  const ready = new Set<Line>()
  let open = 0
  let waiting = 0
  let movedAt = 0
  let advancing = false

  function lineOf(address: string | undefined): Line {
    let line = lines.get(address)
    if (line === undefined) lines.set(address, (line = { address, unanswered: 0, open: 0, movedAt: 0, waiting: new Set() }))
    return line
  }

  function hasRoom({ address, unanswered, open: ofAddress }: Line): boolean {
    return address === undefined || (unanswered < underWay && ofAddress < share)
  }

  function take(line: Line): Slot {
    open += 1
    line.open += 1
    let counted = false
    let begun = false
    let ended = false
    const count = (counts: boolean): void => {
      if (counts === counted) return
      counted = counts
      line.unanswered += counts ? 1 : -1
      if (!counts && !ended) advance(line)
    }
    count(true)
    return {
      sending: () => count(false),
      sent: () => count(!begun),
      begun() {
        begun = true
        count(false)
      },
      over() {
        if (ended) return
        begun = ended = true
        count(false)
        open -= 1
        line.open -= 1
        advance(line)
      },
    }
  }

  /** Call when a place of a line became free: lets in its next request, or that of another line. */
  function advance(line: Line): void {
    if (line.open === 0 && line.waiting.size === 0) lines.delete(line.address)
    if (line.waiting.size > 0 && hasRoom(line)) ready.add(line)
    // `come` may end its turn at once, which calls this again: the loop that runs already continues, without recursion.
    if (advancing) return
    advancing = true
    try {
      letNextIn()
    } finally {
      advancing = false
    }
  }

  function letNextIn(): void {
    for (const next of ready) {
      if (open >= total) return
      // A line with more requests is added again at the end, so that addresses take turns.
      ready.delete(next)
      const [come] = next.waiting
      if (come === undefined || !hasRoom(next)) continue
      next.waiting.delete(come)
      waiting -= 1
      next.movedAt = movedAt = performance.now()
      come(take(next))
      if (next.waiting.size > 0 && hasRoom(next)) ready.add(next)
    }
  }

  return {
    enter(address, come) {
      const line = lineOf(address)
      if (line.waiting.size === 0 && open < total && hasRoom(line)) {
        come(take(line))
        return undefined
      }
      line.waiting.add(come)
      waiting += 1
      if (hasRoom(line)) ready.add(line)
      return () => {
        if (!line.waiting.delete(come)) return
        waiting -= 1
        if (line.open === 0 && line.waiting.size === 0) lines.delete(line.address)
      }
    },
    isFull(address) {
      const line = lines.get(address)
      return open >= total || (line !== undefined && (line.waiting.size > 0 || !hasRoom(line)))
    },
    movedAt(address) {
      const line = lines.get(address)
      return line === undefined || hasRoom(line) ? movedAt : line.movedAt
    },
    take: (address) => take(lineOf(address)),
    get open() {
      return open
    },
    get waiting() {
      return waiting
    },
  }
}
