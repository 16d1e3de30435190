import type { Results, Verdict } from './verdicts.js'

/** What was measured under one line of Node. */
export interface LineResult {
  /** The whole version: `v24.21.0`. */
  readonly node: string
  readonly results: Results
  readonly verdicts: readonly Verdict[]
}
