import type { SqliteFile } from './in-transaction.js'

/** One window of one budget, as the open transaction has it. */
export interface WindowState {
  readonly id: string
  booked: number
  held: number
  readonly ends: number
  forget: number
  /** What the claims of a reservation that is being looked at ask of it together. */
  asked: number
  /** Whether it is to be written. */
  isChanged: boolean
}

/** What a reservation set aside in one window. */
export interface Part {
  readonly window: string
  readonly amount: number
}

/** A reservation that was not settled. */
export interface ReservationState {
  /** Whether its lease ran out, and all of it was booked. */
  readonly isBooked: boolean
  readonly parts: readonly Part[]
}

type WindowRow = readonly [id: string, booked: number, held: number, ends: number, forget: number]
type ReservationRow = readonly [id: string, booked: number, window: string | null, place: number, amount: number]

/** A statement on a list. Lists go in and come out as one JSON text: each call of a statement costs as much as several rows. */
interface ListStatement {
  get(list: string): unknown
  run(list: string): unknown
}

type BatchStatements = Readonly<
  Record<'windows' | 'reservations' | 'writeWindows' | 'writeParts' | 'deleteParts' | 'deleteReservations', ListStatement>
>

/** Prepares what a {@link BudgetBatch} does. */
export function prepareBatch(database: SqliteFile): BatchStatements {
  return {
    windows: database.prepare(`
      SELECT json_group_array(json_array(id, booked, held, ends, forget)) AS found FROM windows
      WHERE id IN (SELECT value FROM json_each(?))`),
    reservations: database.prepare(`
      SELECT json_group_array(json_array(each.id, booked, window, place, amount)) AS found
      FROM (SELECT id, booked FROM reservations WHERE id IN (SELECT value FROM json_each(?))) AS each
      LEFT JOIN parts ON reservation = each.id`),
    writeWindows: database.prepare(`
      INSERT INTO windows (id, booked, held, ends, forget)
      SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?) WHERE true
      ON CONFLICT (id) DO UPDATE SET booked = excluded.booked, held = excluded.held, forget = excluded.forget`),
    writeParts: database.prepare(`
      INSERT INTO parts (reservation, place, window, amount)
      SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?)`),
    deleteParts: database.prepare('DELETE FROM parts WHERE reservation IN (SELECT value FROM json_each(?))'),
    deleteReservations: database.prepare('DELETE FROM reservations WHERE id IN (SELECT value FROM json_each(?))'),
  }
}

/**
 * What one transaction knows of windows and reservations, and has changed and not written yet. Many calls count in the same few windows: each
 * is read once and written once, however many calls change it. Whoever reads or writes these tables directly calls {@link flush} before.
 */
export class BudgetBatch {
  readonly #sql: BatchStatements
  #windows = new Map<string, WindowState>()
  #reservations = new Map<string, ReservationState | undefined>()
  /** Reservations that were made in this transaction, and their parts, which are not written yet. */
  #made = new Set<string>()
  #parts: (readonly [reservation: string, place: number, window: string, amount: number])[] = []
  /** Reservations whose parts go, and of these the ones of which nothing stays. */
  #settled: string[] = []
  #gone: string[] = []

  constructor(sql: BatchStatements) {
    this.#sql = sql
  }

  /** The states of windows; `undefined` for one that is not in the file. */
  windows(ids: readonly string[]): readonly (WindowState | undefined)[] {
    const unread = ids.filter((id) => !this.#windows.has(id))
    if (unread.length > 0)
      for (const [id, booked, held, ends, forget] of rowsOf(this.#sql.windows.get(JSON.stringify(unread))) as WindowRow[])
        this.#windows.set(id, { id, booked, held, ends, forget, asked: 0, isChanged: false })
    return ids.map((id) => this.#windows.get(id))
  }

  /** A window that is not in the file. It is written only if it is changed. */
  begin(id: string, ends: number): WindowState {
    // Two claims may be of one window.
    let state = this.#windows.get(id)
    if (state === undefined) this.#windows.set(id, (state = { id, booked: 0, held: 0, ends, forget: 0, asked: 0, isChanged: false }))
    return state
  }

  /** Notes what a reservation has set aside, whose row is in the file. */
  add(reservation: string, parts: readonly Part[]): void {
    this.#made.add(reservation)
    for (const [place, { window, amount }] of parts.entries()) this.#parts.push([reservation, place, window, amount])
  }

  /**
   * A reservation that was not settled yet; `undefined` if there is none.
   *
   * @param others Further ones that will be asked for in this transaction: all are read at once.
   */
  reservation(id: string, others: readonly string[]): ReservationState | undefined {
    if (this.#made.has(id)) this.flush()
    if (this.#reservations.has(id)) return this.#reservations.get(id)
    const found = new Map<string, { readonly isBooked: boolean; readonly parts: Part[] }>()
    const ids = others.includes(id) ? others : [id, ...others]
    for (const [name, booked, window, place, amount] of rowsOf(this.#sql.reservations.get(JSON.stringify(ids))) as ReservationRow[]) {
      // One that was settled before has left its note alone. Of one that was made in this transaction, the parts are not there yet.
      if (booked === 2 || this.#made.has(name)) continue
      let one = found.get(name)
      if (one === undefined) found.set(name, (one = { isBooked: booked === 1, parts: [] }))
      if (window !== null) one.parts[place] = { window, amount }
    }
    for (const [name, one] of found) if (!this.#reservations.has(name)) this.#reservations.set(name, one)
    return found.get(id)
  }

  /** A reservation is settled. @param leavesNote Whether its row stays, for a note. */
  end(id: string, leavesNote: boolean): void {
    this.#reservations.set(id, undefined)
    this.#settled.push(id)
    if (!leavesNote) this.#gone.push(id)
  }

  /** Writes what was changed, and forgets what was read. */
  flush(): void {
    const changed: WindowRow[] = []
    for (const { id, booked, held, ends, forget, isChanged } of this.#windows.values())
      if (isChanged) changed.push([id, booked, held, ends, forget])
    runFor(this.#sql.writeWindows, changed)
    runFor(this.#sql.writeParts, this.#parts)
    runFor(this.#sql.deleteParts, this.#settled)
    runFor(this.#sql.deleteReservations, this.#gone)
    this.#windows = new Map()
    this.#reservations = new Map()
    this.#made = new Set()
    this.#parts = []
    this.#settled = []
    this.#gone = []
  }
}

function runFor(statement: ListStatement, list: readonly unknown[]): void {
  if (list.length > 0) statement.run(JSON.stringify(list))
}

function rowsOf(row: unknown): unknown {
  return JSON.parse((row as { readonly found: string }).found)
}
