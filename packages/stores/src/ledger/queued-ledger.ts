import type { EntryKeeping, Ledger, LedgerCounts, Log } from '@postern/ports'
import { markDoubtful, type Row, rowOf } from './row.js'

/** How long a row may wait for others, in milliseconds, and how many go to the writer together at most. */
const maxWaitMs = 50
const rowsOfGroup = 500

/** How long callers are slowed at most, in milliseconds. */
const maxSlowMs = 2000

/** How long the last rows may take at the end, in milliseconds. */
const endMs = 5000

/** A ledger that stores rows. */
export interface StoredLedger extends Ledger {
  /**
   * Resolves once everything appended so far is stored: a process that is killed afterwards has not lost it. Resolves also if nothing can
   * be written; the rows then wait in memory, and are lost when the process ends.
   */
  flush(): Promise<void>
  /** Writes what waits, and ends: after five seconds at the latest. Rows that come later are lost. */
  close(): Promise<void>
}

/** What a writer tells of rows. */
export type WriterMessage =
  /** So many rows are stored. */
  | { readonly type: 'stored'; readonly count: number }
  /** So many rows are not stored, and are not tried again. */
  | { readonly type: 'lost'; readonly count: number; readonly reason: string }
  /** Nothing can be written; the writer tries again each second. */
  | { readonly type: 'failing'; readonly reason: string }
  /** The file was moved or removed; another was begun. */
  | { readonly type: 'begun_anew' }

/** Whom a writer tells. */
export interface WriterTold {
  readonly hear: (message: WriterMessage) => void
  /** The writer ended, whether or not it was told to. */
  readonly stopped: (reason: string) => void
}

/** Writes groups of rows, in their order. A row that `markDoubtful` marked is a group of its own. */
export interface RowWriter {
  write(rows: readonly Row[]): void
  /** Writes what is left and resolves once it has ended, after `atMostMs` at the latest. What is not written then is told as lost. */
  end(atMostMs: number): Promise<void>
}

/** A row that is not stored yet. */
interface Queued {
  readonly row: Row
  readonly keeping: EntryKeeping | undefined
}

/** How a queue is. */
export interface QueueOptions {
  /** What the place keeps of counts, if every process writes into it. Default: nothing. */
  readonly counts?: LedgerCounts
  /** What lines of the log say of the place, such as `{ file }`. */
  readonly place: Readonly<Record<string, string>>
  /** How many rows may wait until callers are slowed; twice as many are held at most. */
  readonly slowAt: number
  readonly log: Log
  readonly hearState?: HearState | undefined
}

/** Is told why the ledger cannot be written, and `undefined` once it can be again. */
export type HearState = (reason: string | undefined) => void

/** The queue of rows in front of a writer. It takes each row at once, slows callers where many wait, and counts what is lost. */
export class QueuedLedger implements StoredLedger {
  readonly keeps = true
  readonly counts: LedgerCounts | undefined
  readonly #writer: RowWriter
  readonly #options: QueueOptions
  #waiting: Queued[] = []
  /** What the writer has of those that stand in a store too, in order; `undefined`: a row that does not. */
  #sent: (EntryKeeping | undefined)[] = []
  /** Rows whose calls are being booked. */
  readonly #unbooked = new Set<Promise<void>>()
  #timer: NodeJS.Timeout | undefined
  /** Rows that are appended and neither stored nor lost. */
  #held = 0
  /** Rows that were appended, and rows that the writer is done with, since the beginning. */
  #appended = 0
  #done = 0
  #lost = 0
  #isFailing = false
  #hasEnded = false
  #flushes: { readonly at: number; readonly resolve: () => void }[] = []
  #room: { readonly promise: Promise<void>; readonly open: () => void } | undefined
  #closing: Promise<void> | undefined

  /** @param begin Begins the writer, which tells of what becomes of the rows. */
  constructor(begin: (told: WriterTold) => RowWriter, options: QueueOptions) {
    this.#options = options
    this.counts = options.counts
    this.#writer = begin({ hear: (message) => this.#hear(message), stopped: (reason) => this.#stopped(reason) })
  }

  append(entry: Parameters<Ledger['append']>[0], keeping?: EntryKeeping): void | Promise<void> {
    const row = rowOf(entry, keeping?.counted)
    if (row === undefined) {
      keeping?.done()
      return undefined
    }
    if (this.#hasEnded || this.#held >= this.#options.slowAt * 2) {
      this.#lose(1, this.#hasEnded ? 'The ledger has ended.' : 'The queue is full.')
      keeping?.done()
    } else {
      this.#held += 1
      this.#appended += 1
      if (keeping === undefined) this.#queue({ row, keeping })
      else this.#queueOnceBooked({ row, keeping }, keeping.booked)
    }
    // While nothing can be written, waiting would help nobody.
    return this.#held >= this.#options.slowAt && !this.#isFailing && !this.#hasEnded ? this.#roomAgain() : undefined
  }

  /** The ledger has no call that its store does not count as ended, whenever the process is killed. */
  #queueOnceBooked(queued: Queued, booked: Promise<void>): void {
    const queuing = this.#queueAfter(queued, booked).finally(() => this.#unbooked.delete(queuing))
    this.#unbooked.add(queuing)
  }

  async #queueAfter(queued: Queued, booked: Promise<void>): Promise<void> {
    await booked
    this.#queue(queued)
  }

  #queue(queued: Queued): void {
    // Then it is counted as lost already.
    if (this.#hasEnded) return
    this.#waiting.push(queued)
    if (this.#waiting.length >= rowsOfGroup) this.#send()
    else this.#timer ??= setTimeout(() => this.#send(), maxWaitMs).unref()
  }

  flush(): Promise<void> {
    return this.#unbooked.size === 0 ? this.#flush() : Promise.all(this.#unbooked).then(() => this.#flush())
  }

  #flush(): Promise<void> {
    this.#send()
    if (this.#done >= this.#appended || this.#isFailing || this.#hasEnded) return Promise.resolve()
    return new Promise((resolve) => this.#flushes.push({ at: this.#appended, resolve }))
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    const late = new Promise<void>((resolve) => setTimeout(resolve, endMs).unref())
    if (this.#unbooked.size > 0) await Promise.race([Promise.all(this.#unbooked), late])
    this.#send()
    if (!this.#hasEnded) await this.#writer.end(endMs)
    this.#hasEnded = true
    if (this.#lost > 0) this.#options.log('error', 'ledger_rows_lost', { ...this.#options.place, lost: this.#lost })
  }

  #send(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#waiting.length === 0 || this.#hasEnded) return
    const queued = this.#waiting
    this.#waiting = []
    for (const { keeping } of queued) this.#sent.push(keeping)
    let group: Row[] = []
    for (const { row, keeping } of queued) {
      if (keeping?.mayBeThere() !== true) group.push(row)
      else {
        // Alone, since a group is compared with what is stored before it.
        if (group.length > 0) this.#writer.write(group)
        group = []
        this.#writer.write([markDoubtful(row)])
      }
    }
    if (group.length > 0) this.#writer.write(group)
  }

  #hear(message: WriterMessage): void {
    switch (message.type) {
      case 'stored':
        this.#worksAgain()
        this.#finish(message.count)
        break
      case 'lost':
        this.#lose(message.count, message.reason)
        this.#finish(message.count)
        break
      case 'failing':
        this.#fail(message.reason)
        break
      case 'begun_anew':
        this.#options.log('warn', 'ledger_begun_anew', { ...this.#options.place, reason: 'The file was moved or removed.' })
        break
      default:
    }
  }

  /** The writer is done with so many rows: those that were sent first. */
  #finish(count: number): void {
    for (const keeping of this.#sent.splice(0, count)) keeping?.done()
    this.#held -= count
    this.#done += count
    if (this.#held < this.#options.slowAt / 2) this.#room?.open()
    this.#tellFlushes()
  }

  #tellFlushes(): void {
    const isOver = ({ at }: { readonly at: number }): boolean => this.#done >= at || this.#isFailing || this.#hasEnded
    const over = this.#flushes.filter(isOver)
    this.#flushes = this.#flushes.filter((flush) => !isOver(flush))
    for (const { resolve } of over) resolve()
  }

  #fail(reason: string): void {
    if (!this.#isFailing) {
      this.#options.log('error', 'ledger_unavailable', { ...this.#options.place, reason })
      this.#options.hearState?.(reason)
    }
    this.#isFailing = true
    this.#room?.open()
    this.#tellFlushes()
  }

  #worksAgain(): void {
    if (!this.#isFailing) return
    this.#isFailing = false
    this.#options.log('info', 'ledger_available_again', { ...this.#options.place, lost: this.#lost })
    this.#options.hearState?.(undefined)
    this.#lost = 0
  }

  /** Counts rows that are lost. The log has a line for the first one; how many there were is told when rows are stored again, or at the end. */
  #lose(count: number, reason: string): void {
    if (this.#lost === 0) this.#options.log('error', 'ledger_rows_lost', { ...this.#options.place, reason })
    this.#lost += count
  }

  #stopped(reason: string): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    if (this.#closing === undefined) this.#fail(reason)
    if (this.#held > 0) this.#lose(this.#held, reason)
    this.#held = 0
    this.#room?.open()
    this.#tellFlushes()
  }

  #roomAgain(): Promise<void> {
    if (this.#room !== undefined) return this.#room.promise
    let open = (): void => {}
    const promise = new Promise<void>((resolve) => {
      const late = setTimeout(() => open(), maxSlowMs).unref()
      open = () => {
        clearTimeout(late)
        this.#room = undefined
        resolve()
      }
    })
    this.#room = { promise, open }
    return promise
  }
}
