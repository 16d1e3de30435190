import { type Listed, OpenList } from '@postern/core'
import { type Cut, cutByRevocation, type Cuttable, type SessionCall } from '@postern/ports'

/** One promise that a call waits for. A class, for the reason in ADR 0003. */
class Waiting<Value> implements Listed, Cuttable {
  place = -1
  readonly #open: OpenList<Listed & Cuttable>
  readonly #resolve: (value: Value) => void
  readonly #reject: (error: unknown) => void

  constructor(open: OpenList<Listed & Cuttable>, resolve: (value: Value) => void, reject: (error: unknown) => void) {
    this.#open = open
    this.#resolve = resolve
    this.#reject = reject
  }

  cut(cut: Cut): void {
    this.#reject(cut(false))
  }

  fulfilled(value: Value): void {
    this.#open.delete(this)
    this.#resolve(value)
  }

  failed(error: unknown): void {
    this.#open.delete(this)
    this.#reject(error)
  }
}

/**
 * The promises that calls wait for before the gateway is asked: who the caller is, the body, the store. A shutdown rejects them
 * at its deadline; a revocation rejects those of its sessions.
 */
export class Waits {
  readonly #open = new OpenList<Listed & Cuttable>()
  #ended: Cut | undefined

  /**
   * Settles as the promise does, or rejects with the refusal of a cut, whichever comes first.
   *
   * @param call The call that waits, if it is of a session.
   */
  for<Value>(promise: Promise<Value>, call?: SessionCall): Promise<Value> {
    const cut = this.#ended ?? (call?.isRevoked === true ? cutByRevocation : undefined)
    return new Promise((resolve, reject) => {
      if (cut !== undefined) {
        const refuse = (): void => reject(cut(false))
        // A promise that is rejected already keeps its error: a call that was cut at the gateway has a refusal of its own.
        promise.then(refuse, reject)
        queueMicrotask(refuse)
        return
      }
      const waiting = new Waiting(this.#open, resolve, reject)
      promise.then(
        (value) => waiting.fulfilled(value),
        (error: unknown) => waiting.failed(error),
      )
      this.#open.add(waiting)
      call?.waitsFor(waiting)
    })
  }

  /** Ends every wait, also those that begin later. */
  end(cut: Cut): void {
    this.#ended = cut
    for (const waiting of this.#open.all()) waiting.cut(cut)
  }
}
