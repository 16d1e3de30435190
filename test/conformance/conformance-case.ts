import type { Subject } from './subject.js'

/** One row of a gateway's contract, and what must hold of it through Postern. */
export interface ConformanceCase {
  /** The table that the row stands in, such as `1.7 Errors`. */
  readonly table: string
  /** The row as one reads it there, and what becomes of it. */
  readonly row: string
  /** Can be asked of a real gateway: it needs no error on demand, and costs a few tokens at most. */
  readonly live?: true
  readonly run: (subject: Subject) => Promise<void>
}
