import type { Arrival, ResponseSink } from '@postern/ports'
import type { Outcome } from '../forward/outcome.js'
import type { CallLocks } from './call-locks.js'
import { failureForOthers, mayBeBilled } from './failure-of-first.js'
import { isCancelled } from './is-cancelled.js'
import type { KeptAnswers } from './kept-answers.js'
import type { SharedAnswer } from './shared-answer.js'
import { SharedSink } from './shared-sink.js'

/** The facts of the first call of a key. */
export interface LeadFacts {
  readonly key: string
  /** The holder of its lock: its request id and its fingerprint. */
  readonly holder: string
  /** The answer that repeated calls read; `undefined` if no call can join this one. */
  readonly answer: SharedAnswer | undefined
  readonly arrival: Arrival
  readonly sink: ResponseSink
  /** How long the call goes on after its last client has left, in milliseconds. */
  readonly graceMs: number
}

/** The first call of a key, which is sent. When the call ends, `over` must be called once. */
export class Lead {
  /** The request and the answer as the rooms behind see them. */
  readonly seen: { readonly arrival: Arrival; readonly sink: ResponseSink }
  readonly #facts: LeadFacts
  readonly #shared: SharedSink | undefined
  readonly #answers: KeptAnswers
  readonly #locks: CallLocks
  #grace: NodeJS.Timeout | undefined
  #isCancelled = false
  /** Whether this call has the lock in the store, which keeps other calls with the key from being sent. */
  hasLock = false

  constructor(facts: LeadFacts, answers: KeptAnswers, locks: CallLocks) {
    this.#facts = facts
    this.#answers = answers
    this.#locks = locks
    const { answer, arrival, sink } = facts
    this.#shared = answer === undefined ? undefined : new SharedSink(answer, arrival, sink, () => this.#linger())
    this.seen = this.#shared === undefined ? { arrival, sink } : { arrival: this.#shared.arrival, sink: this.#shared }
    if (answer !== undefined) answer.onChange = () => this.#linger()
    this.#linger()
  }

  /** The call was not sent, and is refused with this error; so are the calls that joined it. */
  refused(error: unknown): void {
    this.over({ finish: 'refused' }, error)
  }

  /**
   * The call has ended.
   *
   * @param error What it failed with, if it has no answer.
   */
  over({ finish }: Pick<Outcome, 'finish'>, error?: unknown): void {
    const { answer } = this.#facts
    if (this.#shared !== undefined) this.#shared.isOver = true
    this.#lingersNoMore()
    const isWhole = error === undefined && (finish === 'complete' || finish === 'upstream_error')
    if (answer !== undefined) {
      answer.finish = finish
      if (error !== undefined) answer.fail(failureForOthers(error, answer.firstId))
      else if (isWhole) answer.end()
      else answer.cut()
      if (isWhole && answer.isWhole) this.#answers.keep(answer)
      else this.#answers.forget(answer)
    }
    if (!this.hasLock) return
    const { key, holder } = this.#facts
    if (this.#isCancelled || (error !== undefined && !mayBeBilled(error))) this.#locks.release(key, holder)
    else this.#locks.keep(key, holder)
  }

  /** Begins or ends the time for which the call goes on without a client. */
  #linger(): void {
    const { answer, graceMs } = this.#facts
    const shared = this.#shared
    if (answer === undefined || shared === undefined || shared.isOver) return
    if (shared.hasClient || answer.readers > 0) {
      this.#lingersNoMore()
      return
    }
    this.#isCancelled = isCancelled(this.#facts.arrival, shared.headersSent)
    // If no client waits for the call, and none will repeat it or can join it, its answer would be paid for in vain.
    if (this.#isCancelled || !answer.isWhole || (this.#grace === undefined && !this.#answers.mayLinger(answer)))
      this.#abandon(answer, shared)
    else this.#grace ??= setTimeout(() => this.#abandon(answer, shared), graceMs)
  }

  #abandon(answer: SharedAnswer, shared: SharedSink): void {
    this.#lingersNoMore()
    answer.onChange = undefined
    this.#answers.forget(answer)
    shared.abandon()
  }

  #lingersNoMore(): void {
    if (this.#grace === undefined) return
    clearTimeout(this.#grace)
    this.#grace = undefined
    this.#answers.lingersNoMore(this.#facts.answer as SharedAnswer)
  }
}
