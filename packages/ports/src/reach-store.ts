import { Refusal } from './refusal.js'

/**
 * Waits for the store, and refuses if it fails: to go on without it would accept, for example, a replayed proof.
 *
 * @throws {Refusal} 503 `store_unavailable`, with the store's error as cause.
 */
export async function reachStore<Answer>(asked: Promise<Answer>): Promise<Answer> {
  try {
    return await asked
  } catch (error) {
    throw new Refusal('store_unavailable', { retryAfterSeconds: 1, cause: error })
  }
}
