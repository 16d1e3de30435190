import { Refusal } from './refusal.js'

/** A store rejects with this where it knows that nothing was sent or written; after any other error it may have been. */
export class StoreNotAsked extends Error {}

/**
 * A store rejects with this where it has no room for a further entry of this caller, and wrote nothing. It is not away: what may pass while
 * a store is away may not pass now, or who fills it would be rid of what it bounds.
 */
export class StoreFull extends StoreNotAsked {}

/**
 * A store rejects with this, and wrote nothing, where it has lost writes that it acknowledged: nothing is counted until its counts are built
 * anew (`Budgets.recovery`).
 */
export class StoreLost extends StoreNotAsked {}

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

/** Whether an error of {@link reachStore} says that nothing was done. */
export function isNotAsked(error: unknown): boolean {
  return error instanceof Refusal && error.details.cause instanceof StoreNotAsked
}
