import type { Answer } from './answer.js'

/** A request that passed every check of its gateway, and the way that gateway would answer it. */
export interface Question {
  prompt: string
  /** Makes the answer with this text. `variant`: the gateway's own case that the request asks for, if any. */
  answer(pieces: readonly string[], variant?: string): Answer
}
