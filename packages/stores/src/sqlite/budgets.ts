import {
  type Budget,
  type Budgets,
  type CallNote,
  type Claim,
  type Counted,
  keptAfterMs,
  type LeftNote,
  maxNoteBytes,
  type Reserved,
  windowAt,
} from '@postern/ports'
import { BudgetBatch, type Part, prepareBatch, type WindowState } from './budget-batch.js'
import { createGroupedWrites } from './grouped-writes.js'
import { inTransaction, type SqliteFile } from './in-transaction.js'
import type { StoreFile } from './store-file.js'
import { createWindowNames } from './window-names.js'

/** How often rows that are over are deleted, in milliseconds, and how many at a time. */
const sweepMs = 10_000
const rowsPerSweep = 1000

/** How many reservations are read at once at most, and wait for that while the file cannot be asked. */
const mostReadAtOnce = 1000

/** How long what was booked for a lease that ran out can still be corrected, in milliseconds. */
const correctableMs = 86_400_000

/** Stands for a time that never comes: the largest whole number that JavaScript and SQLite both have. */
const never = Number.MAX_SAFE_INTEGER

/** Stands for a window that is in the file no more. */
const forgotten: WindowState = { id: '', booked: 0, held: 0, ends: 0, forget: 0, asked: 0, isChanged: false }

/**
 * Budgets in three tables: windows, reservations, and the parts of each reservation.
 *
 * If no process lives that served from the file, everything with a note that earlier ones held is booked at once. What has none may be of a
 * process of an earlier version, which may live unseen: it is booked once its lease is over.
 */
export function createBudgets(file: StoreFile): Budgets {
  const { database, isAlone, work } = file
  const sql = prepare(database)
  const batchSql = prepareBatch(database)
  const nameOf = createWindowNames()
  /** What the open transaction has not written yet. */
  let batch = new BudgetBatch(batchSql)
  /** Reservations that the next transaction settles: the first one that it settles has all of them read. */
  const settling: string[] = []
  let sweptAt = -Infinity

  function sweep(nowMs: number): void {
    if (nowMs - sweptAt < sweepMs) return
    sweptAt = nowMs
    batch.flush()
    const before = nowMs - correctableMs
    sql.sweepParts.run(before)
    sql.sweepReservations.run(before)
    sql.sweepWindows.run(nowMs)
  }

  /** The present windows of budgets. Of one that is forgotten, or never was, nothing is booked. */
  function find(budgets: readonly Budget[], nowMs: number, from = batch): readonly WindowState[] {
    const present = budgets.map(({ id, per }) => {
      const { startMs, endMs } = windowAt(per, nowMs)
      return { name: nameOf(startMs, id), endMs }
    })
    const found = from.windows(present.map(({ name }) => name))
    return present.map(({ name, endMs }, index) => {
      const window = found[index] ?? from.begin(name, endMs === Infinity ? never : endMs)
      if (window.forget <= nowMs && window.held === 0) window.booked = 0
      return window
    })
  }

  function reserve(id: string, claims: readonly Claim[], leaseMs: number, note: string | null): Reserved {
    const nowMs = Date.now()
    sweep(nowMs)
    const found = find(
      claims.map(({ budget }) => budget),
      nowMs,
    )
    const states = (): readonly Counted[] => found.map((window, index) => describe(window, nowMs, claims[index]?.budget))
    for (const window of found) window.asked = 0
    // Two claims may be of one window: each is looked at with what the ones before it set aside.
    const refusedBy = claims.findIndex(({ budget, amount }, index) => {
      const window = found[index] as WindowState
      window.asked += checked(amount)
      return bookedOf(budget, window) + window.held + window.asked > budget.limit
    })
    if (refusedBy !== -1) return { granted: false, refusedBy, counted: states() }
    sql.insertReservation.run(id, nowMs + Math.ceil(leaseMs), note)
    const parts = claims.map(({ budget, amount }, index): Part => {
      const window = found[index] as WindowState
      window.held += amount
      window.forget = forgetAt(budget, window, nowMs)
      window.isChanged = true
      return { window: window.id, amount }
    })
    batch.add(id, parts)
    return { granted: true, counted: states() }
  }

  function book(id: string): void {
    for (const { window, amount } of sql.parts.all(id) as Part[]) sql.change.run(amount, -amount, window)
    sql.markBooked.run(id)
  }

  function settle(id: string, spent: readonly number[], left: LeftNote | undefined): readonly Counted[] | undefined {
    const reservation = batch.reservation(id, settling.splice(0))
    if (reservation === undefined) return undefined
    const { isBooked, parts } = reservation
    const windows = batch.windows(parts.map(({ window }) => window))
    for (const [index, { amount }] of parts.entries()) {
      const booked = checked(spent[index] ?? amount)
      const window = windows[index]
      // One that was forgotten meanwhile needs no correction.
      if (window === undefined) continue
      window.booked += isBooked ? booked - amount : booked
      if (!isBooked) window.held -= amount
      window.isChanged = true
    }
    batch.end(id, left !== undefined)
    const nowMs = Date.now()
    if (left !== undefined) sql.leaveNote.run(nowMs + Math.ceil(left.leaseMs), left.text, id)
    return windows.map((window) => describe(window ?? forgotten, nowMs))
  }

  function bookAbandoned(most: number): readonly string[] {
    const ids = (sql.abandoned.all(Date.now(), most) as { readonly id: string }[]).map(({ id }) => id)
    for (const id of ids) book(id)
    return ids
  }

  function takeNotes(most: number, leaseMs: number): readonly CallNote[] {
    const nowMs = Date.now()
    const found = sql.notes.all(nowMs, most) as { readonly id: string; readonly state: number; readonly text: string }[]
    for (const { id } of found) sql.takeNote.run(nowMs + Math.ceil(leaseMs), id)
    return found.map(({ id, state, text }) => ({ id, isSettled: state === 2, text }))
  }

  function endLeases(): void {
    try {
      inTransaction(database, () => {
        sql.endLeases.run(Date.now())
        for (const { id } of sql.leftBehind.all() as { readonly id: string }[]) book(id)
        sql.dropStrayParts.run()
      })
    } catch (error) {
      // A command writes to the file. The leases end by themselves.
      if (!String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY')) throw error
    }
  }

  if (isAlone) endLeases()
  const write = createGroupedWrites(file, { begin: () => (batch = new BudgetBatch(batchSql)), end: () => batch.flush() })
  /** As `write`, for what reads or writes the tables directly. */
  const writeDirectly = <T>(what: () => T): Promise<T> =>
    write(() => {
      batch.flush()
      return what()
    })

  return {
    scope: 'machine',
    recovery: undefined,
    reserve: async (id, claims, leaseMs, _owner, note) => {
      checkNote(note)
      return write(() => reserve(id, claims, leaseMs, note ?? null))
    },
    extend: (ids, leaseMs) =>
      writeDirectly(() => {
        const nowMs = Date.now()
        for (const id of ids) sql.extend.run(nowMs + Math.ceil(leaseMs), id, nowMs)
      }),
    settle: async (id, spent, left) => {
      checkNote(left?.text)
      if (settling.length < mostReadAtOnce) settling.push(id)
      return write(() => settle(id, spent, left))
    },
    look: (budgets) =>
      work(() => {
        const nowMs = Date.now()
        return find(budgets, nowMs, new BudgetBatch(batchSql)).map((window, index) => describe(window, nowMs, budgets[index]))
      }),
    bookAbandoned: (most) => writeDirectly(() => bookAbandoned(most)),
    takeNotes: (most, leaseMs) => writeDirectly(() => takeNotes(most, leaseMs)),
    dropNotes: (notes) =>
      writeDirectly(() => {
        for (const { id, isSettled } of notes) (isSettled ? sql.dropSettled : sql.dropNote).run(id)
      }),
  }
}

/** Reservations whose calls can no longer be corrected. */
const swept = `SELECT id FROM reservations WHERE booked IN (1, 2) AND lease <= ? ORDER BY lease, id LIMIT ${rowsPerSweep}`

function prepare(database: SqliteFile) {
  return {
    change: database.prepare('UPDATE windows SET booked = booked + ?1, held = held + ?2 WHERE id = ?3'),
    insertReservation: database.prepare('INSERT INTO reservations (id, lease, booked, note) VALUES (?, ?, 0, ?)'),
    parts: database.prepare('SELECT window, amount FROM parts WHERE reservation = ? ORDER BY place'),
    extend: database.prepare('UPDATE reservations SET lease = ?1 WHERE id = ?2 AND (booked = 0 OR note IS NOT NULL) AND lease > ?3'),
    abandoned: database.prepare('SELECT id FROM reservations WHERE booked = 0 AND lease <= ? ORDER BY lease LIMIT ?'),
    endLeases: database.prepare('UPDATE reservations SET lease = ?1 WHERE note IS NOT NULL AND lease > ?1'),
    leftBehind: database.prepare('SELECT id FROM reservations WHERE booked = 0 AND note IS NOT NULL'),
    markBooked: database.prepare('UPDATE reservations SET booked = 1 WHERE id = ?'),
    leaveNote: database.prepare('UPDATE reservations SET booked = 2, lease = ?, note = ? WHERE id = ?'),
    notes: database.prepare(
      'SELECT id, booked AS state, note AS text FROM reservations WHERE booked IN (1, 2) AND lease <= ? AND note IS NOT NULL ORDER BY lease LIMIT ?',
    ),
    takeNote: database.prepare('UPDATE reservations SET lease = ? WHERE id = ?'),
    dropNote: database.prepare('UPDATE reservations SET note = NULL WHERE id = ? AND booked = 1'),
    dropSettled: database.prepare('DELETE FROM reservations WHERE id = ? AND booked = 2'),
    // An earlier version left them when it forgot their reservations.
    dropStrayParts: database.prepare('DELETE FROM parts WHERE NOT EXISTS (SELECT 1 FROM reservations WHERE id = reservation)'),
    sweepParts: database.prepare(`DELETE FROM parts WHERE reservation IN (${swept})`),
    sweepReservations: database.prepare(`DELETE FROM reservations WHERE id IN (${swept})`),
    sweepWindows: database.prepare(
      `DELETE FROM windows WHERE id IN (SELECT id FROM windows WHERE forget <= ? AND held = 0 ORDER BY forget LIMIT ${rowsPerSweep})`,
    ),
  }
}

function forgetAt({ per, forgottenAfterMs }: Budget, { ends }: WindowState, nowMs: number): number {
  if (per !== undefined) return ends + keptAfterMs[per]
  return forgottenAfterMs === undefined ? never : Math.ceil(nowMs + forgottenAfterMs)
}

/** Of what is only held, what is booked does not count. */
function bookedOf(budget: Budget | undefined, { booked }: WindowState): number {
  return budget?.onlyHeld === true ? 0 : booked
}

function checkNote(note: string | undefined): void {
  if (note !== undefined && Buffer.byteLength(note) > maxNoteBytes) throw new RangeError('A note is too long.')
}

function checked(amount: number): number {
  if (!Number.isSafeInteger(amount) || amount < 0) throw new RangeError('An amount is a whole number, 0 or more.')
  return amount
}

/** @param budget Default: what is booked counts. */
function describe(window: WindowState, nowMs: number, budget?: Budget): Counted {
  const { held, ends } = window
  return { booked: bookedOf(budget, window), held, endsInMs: ends === never ? undefined : Math.max(0, ends - nowMs) }
}
