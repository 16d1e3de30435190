import { fileAt } from '../file-at.js'
import type { SqliteFile } from '../in-transaction.js'
import { deleteSome } from './keep.js'
import type { FromWriter, ToWriter, WriterSettings } from './messages.js'
import { openToWrite } from './open-file.js'
import { createGroupWriter, type GroupWriter } from './write-group.js'

/** How long the writer waits before it tries a group again, in milliseconds. */
const retryMs = 1000

/** How often it looks whether the file is still at its path, and for calls that are too old, in milliseconds. */
const lookMs = 250
const keepEveryMs = 60_000

/** The pause between two steps of deleting, in milliseconds: groups of new rows go first. */
const keepPauseMs = 20

type Group = Extract<ToWriter, { readonly rows: string }>

/**
 * Writes what it is told into the file, in order. It runs in a thread of its own, since every statement of SQLite blocks.
 *
 * A group that cannot be written because the disk is full or the file is locked stays first, and is tried again. A group that cannot be
 * written for another reason is lost.
 *
 * @throws {Error} if the file cannot be used.
 */
export class LedgerWriter {
  readonly #settings: WriterSettings
  readonly #tell: (message: FromWriter) => void
  readonly #ended: () => void
  #database: SqliteFile
  #group: GroupWriter
  #openedFile: string | undefined
  #lookedAt = performance.now()
  #waiting: Group[] = []
  #retry: NodeJS.Timeout | undefined
  #keep: NodeJS.Timeout

  constructor(settings: WriterSettings, tell: (message: FromWriter) => void, ended: () => void) {
    this.#settings = settings
    this.#tell = tell
    this.#ended = ended
    this.#database = openToWrite(settings.file)
    this.#group = createGroupWriter(this.#database)
    this.#openedFile = fileAt(settings.file)
    this.#keep = setTimeout(() => this.#deleteOld(), keepPauseMs)
  }

  take(message: ToWriter): void {
    if ('end' in message) {
      this.#end()
      return
    }
    this.#waiting.push(message)
    if (this.#retry === undefined) this.#writeWaiting()
  }

  #writeWaiting(): void {
    this.#retry = undefined
    for (let [group] = this.#waiting; group !== undefined; [group] = this.#waiting) {
      if (!this.#write(group)) return
      this.#waiting.shift()
    }
  }

  /** @returns Whether it is done with the group. */
  #write(group: Group): boolean {
    try {
      this.#stayAtPath()
      this.#group.write(group.rows)
      this.#tell({ type: 'stored', count: group.count })
      return true
    } catch (error) {
      const reason = reasonOf(error)
      if (!isPassing(error)) {
        this.#tell({ type: 'lost', count: group.count, reason })
        return true
      }
      this.#tell({ type: 'failing', reason })
      this.#retry = setTimeout(() => this.#writeWaiting(), retryMs)
      return false
    }
  }

  /** Rows in a file that was moved or removed would be read by nobody. */
  #stayAtPath(): void {
    if (performance.now() - this.#lookedAt < lookMs) return
    this.#lookedAt = performance.now()
    const { file } = this.#settings
    if (fileAt(file) === this.#openedFile) return
    const database = openToWrite(file)
    this.#database.close()
    this.#database = database
    this.#group = createGroupWriter(database)
    this.#openedFile = fileAt(file)
    this.#tell({ type: 'begun_anew' })
  }

  #deleteOld(): void {
    let hasMore = false
    try {
      hasMore = this.#retry === undefined && deleteSome(this.#database, this.#settings.keepMs, () => this.#group.forget())
    } catch {
      // A group that cannot be written for the same reason tells of it; old rows wait.
    }
    this.#keep = setTimeout(() => this.#deleteOld(), hasMore ? keepPauseMs : keepEveryMs)
  }

  #end(): void {
    clearTimeout(this.#keep)
    clearTimeout(this.#retry)
    this.#writeWaiting()
    clearTimeout(this.#retry)
    const left = this.#waiting.reduce((sum, { count }) => sum + count, 0)
    if (left > 0) this.#tell({ type: 'lost', count: left, reason: 'The process ended.' })
    try {
      // So that a copy of the one file is a copy of the ledger.
      this.#database.exec('PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)')
    } catch {
      // Another process reads or writes. The rest stays in the `-wal` file beside it, and is read from there.
    }
    this.#database.close()
    this.#ended()
  }
}

/** Whether the same group may be written later: nothing is wrong with the group itself. */
function isPassing(error: unknown): boolean {
  const { code = '', cause } = error as { code?: string; cause?: { code?: string } }
  return /^SQLITE_(?:BUSY|LOCKED|FULL|IOERR|CANTOPEN|READONLY|NOMEM)/.test(code === '' ? (cause?.code ?? 'SQLITE_CANTOPEN') : code)
}

function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message: string }
  return code === undefined ? message : `${message} (${code})`
}
