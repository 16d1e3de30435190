import { createFairQueue } from '@postern/core'
import { Refusal } from '@postern/ports'

/** Questions that may be open at once; one more would only wait behind a backend that does not keep up. */
const maxQuestions = 256

/** Questions of one network that may be open at once, so that invented cookies leave room for others. */
const maxOfNetwork = 64

/**
 * Waits until a question may be asked. Networks take turns; within one network, questions are asked in order.
 *
 * @param network `undefined`: bounded only by `maxQuestions`.
 * @returns A function that ends the turn.
 * @throws {Refusal} 503 `caller_check_unavailable` if the turn does not come within `waitMs` milliseconds.
 */
export type AwaitTurn = (network: string | undefined) => Promise<() => void>

export function createTurns(waitMs: number): AwaitTurn {
  const lines = createFairQueue({ underWay: maxOfNetwork, share: maxOfNetwork, total: maxQuestions })
  return (network) =>
    new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined
      const giveUp = lines.enter(network, ({ over }) => {
        clearTimeout(timer)
        resolve(over)
      })
      if (giveUp === undefined) return
      timer = setTimeout(() => {
        giveUp()
        reject(tooMany())
      }, waitMs)
    })
}

function tooMany(): Refusal {
  return new Refusal('caller_check_unavailable', { retryAfterSeconds: 1, cause: 'Too many questions to the backend are open.' })
}
