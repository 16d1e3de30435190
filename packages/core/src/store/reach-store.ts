import { Refusal } from '../refusal.js'

/**
 * Asks the store, and refuses where it cannot be reached: what must be remembered and is not would let in what
 * must not come in.
 *
 * @throws {Refusal} 503 `store_unavailable`.
 */
export async function reachStore<Answer>(asked: Promise<Answer>): Promise<Answer> {
  try {
    return await asked
  } catch (error) {
    throw new Refusal('store_unavailable', { retryAfterSeconds: 1, cause: error })
  }
}
