import { type Listed, OpenList } from '@postern/core'
import type { Refusal } from '@postern/ports'

interface Waiting extends Listed {
  readonly refuse: (refusal: Refusal) => void
}

/**
 * The promises that calls wait for before the gateway is asked: who the caller is, the body, the store. A shutdown rejects them
 * at its deadline.
 */
export class Waits {
  readonly #open = new OpenList<Waiting>()
  #ended: Refusal | undefined

  /** Settles as the promise does, or rejects with the refusal that `end` was given, whichever comes first. */
  for<Value>(promise: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { place: -1, refuse: reject }
      const over = (): void => this.#open.delete(waiting)
      promise.then(over, over)
      promise.then(resolve, reject)
      if (this.#ended === undefined) this.#open.add(waiting)
      else reject(this.#ended)
    })
  }

  /** Ends every wait, also those that begin later, with a refusal. */
  end(refusal: Refusal): void {
    this.#ended = refusal
    for (const { refuse } of this.#open.all()) refuse(refusal)
  }
}
