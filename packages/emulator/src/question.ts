import type { Answer } from './answer.js'

/** A request that passed every check of its gateway, and the way that gateway would answer it. */
export interface Question {
  prompt: string
  /** The answer whose text is these pieces; `variant` is the gateway's own case that was asked for, if any. */
  answer(pieces: readonly string[], variant?: string): Answer
}
