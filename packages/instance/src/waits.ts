import { type Listed, OpenList } from '@postern/core'
import { type Cut, cutByRevocation, type Cuttable, type SessionCall } from '@postern/ports'

interface Waiting extends Listed, Cuttable {}

/**
 * The promises that calls wait for before the gateway is asked: who the caller is, the body, the store. A shutdown rejects them
 * at its deadline; a revocation rejects those of its sessions.
 */
export class Waits {
  readonly #open = new OpenList<Waiting>()
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
      const waiting: Waiting = { place: -1, cut: (by) => reject(by(false)) }
      const over =
        <Result>(settle: (result: Result) => void) =>
        (result: Result): void => {
          this.#open.delete(waiting)
          settle(result)
        }
      promise.then(over(resolve), over(reject))
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
