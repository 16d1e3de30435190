import { type Arrival, type Budget, ClientGone } from '@postern/ports'
import { StreamQueue, type Waiter } from './stream-queue.js'

/** How long a call waits for a stream to end, in milliseconds. */
export const maxStreamWaitMs = 2000

/** How many calls wait at most, for each stream that may be open. */
const waitingPerStream = 2

/** How often a process looks whether a stream of another process has ended, in milliseconds. */
const pollMs = 100

/** A call that finds as many streams open as a limit allows. */
export interface WaitingCall {
  readonly budget: Budget
  /** Whose call it is: callers take turns. */
  readonly caller: string
  readonly arrival: Arrival
  /** When it has waited long enough, by `performance.now()`. */
  readonly until: number
}

/**
 * The calls of this process that wait for streams to end. Each process has its own queues: it hears at once of streams that end here, and
 * looks for those of others.
 */
export class StreamQueues {
  readonly #queues = new Map<string, StreamQueue>()
  #timer: NodeJS.Timeout | undefined

  /** Whether calls wait under this budget: then a new one waits behind them. */
  isWaitedFor({ id }: Budget): boolean {
    return this.#queues.has(id)
  }

  /** A stream ended that was counted under this budget. */
  freed(id: string): void {
    void this.#queues.get(id)?.advance()
  }

  /**
   * Waits until it is the call's turn and `attempt` does not return `undefined`.
   *
   * @param unused Is told what `attempt` returned if the call has left meanwhile.
   * @returns What `attempt` returned; `undefined` if it has waited long enough, or too many wait.
   * @throws {ClientGone} if the client leaves; also what `attempt` throws.
   */
  wait<Found>(
    { budget, caller, arrival, until }: WaitingCall,
    attempt: () => Promise<Found | undefined>,
    unused: (found: Found) => void,
  ): Promise<Found | undefined> {
    const { connection, watch } = arrival
    const ownMs = watch.ownMs()
    return new Promise((resolve, reject) => {
      const queue = this.#queueOf(budget.id)
      let isOver = false
      let isTrying = false
      const over = (settle: () => void): void => {
        if (isOver) return
        isOver = true
        clearTimeout(timer)
        connection.off('close', gone)
        queue.delete(waiter)
        this.#dropIfEmpty(budget.id, queue)
        watch.waitedSince(ownMs)
        settle()
      }
      const gone = (): void => over(() => reject(new ClientGone('The client left while it waited for a stream to end.')))
      const late = (): void => over(() => resolve(undefined))
      const tryNow = async (): Promise<boolean> => {
        isTrying = true
        try {
          const found = await attempt()
          if (found !== undefined && isOver) unused(found)
          else if (found !== undefined) over(() => resolve(found))
          else if (performance.now() >= until) late()
        } catch (error) {
          over(() => reject(error))
        }
        isTrying = false
        return isOver
      }
      const waiter: Waiter = { caller, displaced: late, attempt: tryNow }
      // An attempt that is under way decides.
      const timer = setTimeout(() => isTrying || late(), Math.max(0, until - performance.now()))
      if (connection.destroyed) {
        gone()
        return
      }
      // A client may send many requests on one connection.
      connection.setMaxListeners(0)
      connection.on('close', gone)
      if (!queue.add(waiter, budget.limit * waitingPerStream)) late()
      else this.#timer ??= setInterval(() => this.#poll(), pollMs).unref()
    })
  }

  #queueOf(id: string): StreamQueue {
    let queue = this.#queues.get(id)
    if (queue === undefined) this.#queues.set(id, (queue = new StreamQueue()))
    return queue
  }

  #dropIfEmpty(id: string, queue: StreamQueue): void {
    if (queue.waiting === 0 && this.#queues.get(id) === queue) this.#queues.delete(id)
  }

  #poll(): void {
    for (const queue of this.#queues.values()) void queue.advance()
    if (this.#queues.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
