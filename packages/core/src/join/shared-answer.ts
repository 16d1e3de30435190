import type { Finish } from '@postern/protocol'

/** What reads a shared answer: is called whenever there is more to read, or the answer has ended or failed. */
export interface Listener {
  wake(): void
}

/** The head of an answer, as it can be written for any client of the same call. */
export interface SharedHead {
  readonly status: number
  /** Name and value in turn, without those that depend on the request. */
  readonly headers: readonly string[]
}

/** How far an answer has come. `ended`: all of it was sent. `cut`: the rest does not come. `failed`: it has no head. */
export type SharedState = 'open' | 'ended' | 'cut' | 'failed'

/** The bounds that an answer's bytes are counted against. */
export interface ByteCount {
  /** Counts further bytes of an answer. `false`: there would be too many, and nothing was counted. */
  take(answer: SharedAnswer, bytes: number): boolean
  letGo(answer: SharedAnswer, bytes: number): void
}

/** How many bytes a piece takes in memory besides its own, about. */
const bytesOfPiece = 200

function costOf(piece: Buffer): number {
  return piece.length + bytesOfPiece
}

/**
 * The answer of one keyed call, from before its head: what was sent of it, for those who join later, and who reads it.
 *
 * If it becomes larger than the bounds allow, its oldest pieces are dropped. Then nobody can join any more; whoever has read what was
 * dropped reads on.
 */
export class SharedAnswer {
  readonly key: string
  readonly joiner: string
  readonly fingerprint: string
  /** The request id of the first call. */
  readonly firstId: string
  readonly #count: ByteCount
  readonly #listeners = new Set<Listener>()
  readonly #pieces: Buffer[] = []
  /** The newest piece, while it is not counted yet. */
  #uncounted: Buffer | undefined
  /** How many pieces were dropped. */
  #dropped = 0
  /** What is kept of it, in bytes. */
  cost = 0
  head: SharedHead | undefined
  state: SharedState = 'open'
  /** Why it failed. */
  error: unknown
  /** How the answer ended; `undefined` until the call is over. */
  finish: Finish | undefined
  /** Until when it is kept, by `Date.now()`; `undefined` until the call is over. */
  keptUntil: number | undefined
  /** Whether it is among those that can be joined. */
  isKept = true
  /** Called when a reader came or left, and when nobody can join any more. */
  onChange: (() => void) | undefined

  constructor(key: string, joiner: string, fingerprint: string, firstId: string, count: ByteCount) {
    this.key = key
    this.joiner = joiner
    this.fingerprint = fingerprint
    this.firstId = firstId
    this.#count = count
  }

  /** Whether whoever comes now can read all of it. */
  get isWhole(): boolean {
    return this.isKept && this.#dropped === 0
  }

  get readers(): number {
    return this.#listeners.size
  }

  /** How many pieces have come. */
  get length(): number {
    return this.#dropped + this.#pieces.length
  }

  /** A piece by its number; `undefined` if it was dropped. */
  piece(number: number): Buffer | undefined {
    return this.#pieces[number - this.#dropped]
  }

  begin(head: SharedHead): void {
    this.head = head
    this.#wake()
  }

  /** @param piece Is kept as it is: it must share no memory with anything larger. */
  append(piece: Buffer): void {
    if (piece.length === 0) return
    this.#pieces.push(piece)
    this.#uncounted = piece
    // Readers first: also a piece that is not kept reaches those who can take it now. One of them may leave, and all be dropped.
    this.#wake()
    const wasWhole = this.isWhole
    const cost = costOf(piece)
    while (this.#pieces.length > 0 && !this.#mayKeep(cost)) this.#makeRoom()
    if (this.#pieces.length > 0) this.cost += cost
    this.#uncounted = undefined
    if (wasWhole && !this.isWhole) this.onChange?.()
  }

  /** What is no longer whole is kept for its readers alone. */
  #mayKeep(cost: number): boolean {
    return (this.isWhole || this.#listeners.size > 0) && this.#count.take(this, cost)
  }

  end(): void {
    this.#close('ended')
  }

  cut(): void {
    this.#close('cut')
  }

  fail(error: unknown): void {
    this.error = error
    this.#close('failed')
  }

  /** Drops all pieces at once: one by one, each would move all the others. */
  clear(): void {
    this.#dropped += this.#pieces.length
    this.#pieces.length = 0
    const { cost } = this
    this.cost = 0
    this.#count.letGo(this, cost)
  }

  add(listener: Listener): void {
    this.#listeners.add(listener)
    this.onChange?.()
  }

  delete(listener: Listener): void {
    if (!this.#listeners.delete(listener)) return
    if (this.#listeners.size === 0 && !this.isWhole) this.clear()
    this.onChange?.()
  }

  #close(state: SharedState): void {
    if (this.state !== 'open') return
    this.state = state
    this.#wake()
  }

  /** Without a reader, an answer of which one piece is missing is of no use. */
  #makeRoom(): void {
    if (this.#listeners.size === 0) this.clear()
    else this.#dropFirst()
  }

  #dropFirst(): void {
    const piece = this.#pieces.shift() as Buffer
    this.#dropped += 1
    if (piece === this.#uncounted) return
    const cost = costOf(piece)
    this.cost -= cost
    this.#count.letGo(this, cost)
  }

  #wake(): void {
    for (const listener of this.#listeners) listener.wake()
  }
}
