import type { Principal } from '@postern/ports'
import type { JoinBounds } from './join-bounds.js'
import { type ByteCount, SharedAnswer } from './shared-answer.js'

/** How often answers whose time is over are dropped, in milliseconds. */
const sweepMs = 30_000

/** What is kept of the calls of one caller. */
interface Share {
  calls: number
  bytes: number
  lingering: number
  /** The answers whose calls are over, the oldest first. */
  readonly over: Set<SharedAnswer>
}

/** The answers of this process that repeated calls can join: of calls under way, and of ended calls for `keptMs`. */
export class KeptAnswers implements ByteCount {
  readonly #bounds: JoinBounds
  readonly #answers = new Map<string, SharedAnswer>()
  readonly #shares = new Map<string, Share>()
  /** The answers whose calls are over, the oldest first. */
  readonly #over = new Set<SharedAnswer>()
  readonly #timer: NodeJS.Timeout
  #bytes = 0
  #lingering = 0

  constructor(bounds: JoinBounds) {
    this.#bounds = bounds
    this.#timer = setInterval(() => this.#sweep(), Math.min(sweepMs, bounds.keptMs)).unref()
  }

  /** How much is held now, for tests and for the operator. */
  get held(): { readonly calls: number; readonly bytes: number; readonly lingering: number } {
    return { calls: this.#answers.size, bytes: this.#bytes, lingering: this.#lingering }
  }

  find(key: string): SharedAnswer | undefined {
    const found = this.#answers.get(key)
    if (found?.keptUntil === undefined || found.keptUntil > Date.now()) return found
    this.forget(found)
    return undefined
  }

  /** Begins the answer of a call that others may join; `undefined`: there are too many calls. */
  begin(key: string, joiner: string, principal: Principal, fingerprint: string, firstId: string): SharedAnswer | undefined {
    const share = this.#shareOf(joiner)
    const { calls, callerCalls } = this.#bounds
    if (share.calls >= callerCalls) this.#forgetFirst(share.over)
    if (this.#answers.size >= calls) this.#forgetFirst(this.#over)
    if (share.calls >= callerCalls || this.#answers.size >= calls) {
      this.#dropIfUnused(joiner, share)
      return undefined
    }
    const answer = new SharedAnswer({ key, joiner, principal, fingerprint, firstId }, this)
    // The share may have been dropped with its last answer.
    this.#shareOf(joiner).calls += 1
    this.#answers.set(key, answer)
    return answer
  }

  /** The call is over, and its answer is whole: keeps the answer for `keptMs`. */
  keep(answer: SharedAnswer): void {
    if (this.#answers.get(answer.key) !== answer) return
    answer.keptUntil = Date.now() + this.#bounds.keptMs
    this.#over.add(answer)
    this.#shareOf(answer.joiner).over.add(answer)
  }

  /** No further call can join. A call that has joined reads on as far as the answer has come. */
  forget(answer: SharedAnswer): void {
    if (this.#answers.get(answer.key) !== answer) return
    this.#answers.delete(answer.key)
    this.#over.delete(answer)
    const share = this.#shareOf(answer.joiner)
    share.over.delete(answer)
    share.calls -= 1
    answer.isKept = false
    if (answer.readers === 0) answer.clear()
    answer.onChange?.()
    this.#dropIfUnused(answer.joiner, share)
  }

  /** Forgets the answers of principals that the configuration no longer has as callers. */
  retain(isCaller: (principal: Principal) => boolean): void {
    for (const answer of this.#answers.values()) if (!isCaller(answer.principal)) this.forget(answer)
  }

  take(answer: SharedAnswer, bytes: number): boolean {
    const { answerBytes, callerBytes, bytes: all } = this.#bounds
    if (answer.cost + bytes > answerBytes) return false
    const share = this.#shareOf(answer.joiner)
    while (share.bytes + bytes > callerBytes && this.#forgetFirst(share.over));
    while (this.#bytes + bytes > all && this.#forgetFirst(this.#over));
    if (share.bytes + bytes > callerBytes || this.#bytes + bytes > all) return false
    this.#shareOf(answer.joiner).bytes += bytes
    this.#bytes += bytes
    return true
  }

  letGo(answer: SharedAnswer, bytes: number): void {
    const share = this.#shareOf(answer.joiner)
    share.bytes -= bytes
    this.#bytes -= bytes
    this.#dropIfUnused(answer.joiner, share)
  }

  /** Counts a call that goes on without a client. `false`: there are too many. */
  mayLinger({ joiner }: SharedAnswer): boolean {
    const share = this.#shareOf(joiner)
    const may = share.lingering < this.#bounds.callerLingering && this.#lingering < this.#bounds.lingering
    if (may) {
      share.lingering += 1
      this.#lingering += 1
    }
    return may
  }

  /** A client joined the call, or the call is over. */
  lingersNoMore({ joiner }: SharedAnswer): void {
    const share = this.#shareOf(joiner)
    share.lingering -= 1
    this.#lingering -= 1
    this.#dropIfUnused(joiner, share)
  }

  close(): void {
    clearInterval(this.#timer)
    for (const answer of this.#answers.values()) this.forget(answer)
  }

  #forgetFirst(answers: Set<SharedAnswer>): boolean {
    const [first] = answers
    if (first === undefined) return false
    // The bytes of an answer count against the bounds until its last reader has left.
    this.forget(first)
    return true
  }

  #sweep(): void {
    const now = Date.now()
    for (const answer of this.#over) {
      if ((answer.keptUntil as number) > now) return
      this.forget(answer)
    }
  }

  #shareOf(joiner: string): Share {
    let share = this.#shares.get(joiner)
    if (share === undefined) this.#shares.set(joiner, (share = { calls: 0, bytes: 0, lingering: 0, over: new Set() }))
    return share
  }

  #dropIfUnused(joiner: string, { calls, bytes, lingering }: Share): void {
    if (calls === 0 && bytes === 0 && lingering === 0) this.#shares.delete(joiner)
  }
}
