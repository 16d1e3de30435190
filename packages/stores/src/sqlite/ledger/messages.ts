import type { CallsQuestion, UsageQuestion } from '@postern/ports'
import type { WriterMessage } from '../../ledger/queued-ledger.js'

/** What the thread of the writer is told when it begins. */
export interface WriterSettings {
  readonly file: string
  /** How long calls are kept, in milliseconds. */
  readonly keepMs: number
}

/** What the process tells the writer. */
export type ToWriter =
  /** Rows as JSON, and how many. */
  | { readonly rows: string; readonly count: number }
  /** Write what is left, once, and end. */
  | { readonly end: true }

/** What the writer tells the process. */
export type FromWriter =
  | { readonly type: 'ready' }
  /** The file cannot be used; the thread ends. */
  | { readonly type: 'refused'; readonly reason: string }
  | WriterMessage

/** A question for the thread of the reader. `id` names it in the answer. */
export type ToReader =
  | { readonly id: number; readonly usage: UsageQuestion }
  | { readonly id: number; readonly workflow: string; readonly team: string | undefined }
  | { readonly id: number; readonly calls: CallsQuestion }

/** An answer, or how much of a question is done. */
export type FromReader =
  | { readonly id: number; readonly done: number }
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly fault: string }
