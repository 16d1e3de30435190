/** A request that was let in. */
export interface Turn {
  /** Its client sends its body from now on: until that is sent, nobody waits for the backend. */
  readonly sending: () => void
  /** Its body is sent: its answer is waited for again, unless it has begun. */
  readonly sent: () => void
  /** Its answer has begun: it no longer counts among those of its address whose answer has not. */
  readonly begun: () => void
  /** It is over, or its client is gone; whatever is called twice counts once. */
  readonly over: () => void
}

export interface LinesOptions {
  /** Requests of one address that may wait for the begin of their answer. */
  readonly underWay: number
  /** Requests of one address in all, those with an answer that has begun included. */
  readonly share: number
  /** Requests of everybody. */
  readonly total: number
}

/** Lets requests in: so many of one address, so many in all, the others in order, one address after the other. */
export interface Lines {
  /**
   * Calls `come` with a turn, now or when it is this request's.
   *
   * @param address `undefined`: of nobody whose requests are counted.
   * @returns What gives up waiting, or `undefined` where the turn has come already.
   */
  enter(address: string | undefined, come: (turn: Turn) => void): (() => void) | undefined
  /** Whether the next request of an address would have to wait. */
  isFull(address: string | undefined): boolean
  /** When the line that an address waits in moved last, by `performance.now()`; where there is room for the address, that of everybody. */
  movedAt(address: string | undefined): number
  /** Takes down what is under way already. */
  take(address: string | undefined): Turn
  /** Requests that were let in and are not over. */
  readonly open: number
  /** Requests that wait. */
  readonly waiting: number
}

type Come = (turn: Turn) => void

/** What one address has under way, and what of it waits. */
interface Line {
  readonly address: string | undefined
  unanswered: number
  open: number
  /** When one that waited was let in. */
  movedAt: number
  readonly waiting: Set<Come>
}

export function createLines({ underWay, share, total }: LinesOptions): Lines {
  const lines = new Map<string | undefined, Line>()
  /** Lines whose first may come as soon as there is room for anybody. */
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

  function take(line: Line): Turn {
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

  /** Something of a line was given back: its next may come, or another's. */
  function advance(line: Line): void {
    if (line.open === 0 && line.waiting.size === 0) lines.delete(line.address)
    if (line.waiting.size > 0 && hasRoom(line)) ready.add(line)
    // What comes may be over at once; it is the loop that goes on, and no call within a call.
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
      // It goes to the end, so that each address gets its turn.
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
