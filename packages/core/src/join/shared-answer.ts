import type { Principal } from '@postern/ports'
import type { Finish } from '@postern/protocol'

/** A reader of a shared answer. `wake` is called when there is more to read, and when the answer has ended, was cut or has failed. */
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

/** Which call an answer is of, and whose. */
export interface SharedFacts {
  readonly key: string
  /** Which calls may join, as text: see `joinerOf`. */
  readonly joiner: string
  /** Who made the first call. */
  readonly principal: Principal
  readonly fingerprint: string
  /** The request id of the first call. */
  readonly firstId: string
}

/** The bounds that an answer's bytes are counted against. */
export interface ByteCount {
  /** Counts further bytes of an answer. `false`: there would be too many, and nothing was counted. */
  take(answer: SharedAnswer, bytes: number): boolean
  letGo(answer: SharedAnswer, bytes: number): void
}

/** About how many bytes of memory a piece takes beside its content. */
const bytesOfPiece = 200

function costOf(piece: Buffer): number {
  return piece.length + bytesOfPiece
}

/**
 * The answer of one keyed call: the bytes that were sent so far, for calls that join later, and the listeners that read them. It exists
 * before the answer has a head.
 *
 * If the answer becomes larger than the bounds allow, its oldest pieces are dropped. Then no further call can join; a listener that has
 * read the dropped pieces reads on.
 */
export class SharedAnswer {
  readonly key: string
  readonly joiner: string
  readonly principal: Principal
  readonly fingerprint: string
  readonly firstId: string
  readonly #count: ByteCount
  readonly #listeners = new Set<Listener>()
  readonly #pieces: Buffer[] = []
  /** The newest piece, while it is not counted yet. */
  #uncounted: Buffer | undefined
  /** How many pieces were dropped. */
  #dropped = 0
  /** What the kept pieces count, in bytes. */
  cost = 0
  head: SharedHead | undefined
  state: SharedState = 'open'
  /** Why the call failed. */
  error: unknown
  /** How the answer ended; `undefined` until the call is over. */
  finish: Finish | undefined
  /** Until when the answer is kept, by `Date.now()`; `undefined` until the call is over. */
  keptUntil: number | undefined
  /** Whether `KeptAnswers` has this answer, so that calls can join it. */
  isKept = true
  /** Called when a reader has come or left, and when no further call can join. */
  onChange: (() => void) | undefined

  constructor({ key, joiner, principal, fingerprint, firstId }: SharedFacts, count: ByteCount) {
    this.key = key
    this.joiner = joiner
    this.principal = principal
    this.fingerprint = fingerprint
    this.firstId = firstId
    this.#count = count
  }

  /** Whether a call that joins now can read the answer from its beginning. */
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

  /** @param piece Is kept as it is: it must have memory of its own, see `ownCopy`. */
  append(piece: Buffer): void {
    if (piece.length === 0) return
    this.#pieces.push(piece)
    this.#uncounted = piece
    // Before the bounds are checked, so that readers get the piece also if it is not kept. If a reader leaves here, all pieces may be dropped.
    this.#wake()
    const wasWhole = this.isWhole
    const cost = costOf(piece)
    while (this.#pieces.length > 0 && !this.#mayKeep(cost)) this.#makeRoom()
    if (this.#pieces.length > 0) this.cost += cost
    this.#uncounted = undefined
    if (wasWhole && !this.isWhole) this.onChange?.()
  }

  /** Whether a piece may be kept. Of an answer that has lost pieces, further ones are kept only while a repeated call reads it. */
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

  /** Drops all pieces at once: if they were dropped one by one, each time the array would be moved. */
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

  /** If no listener reads the answer, drops all of it: no call can join an answer without its beginning. */
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
