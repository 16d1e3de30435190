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
import { digestKey } from '../digest-key.js'
import { createGroupedWrites } from './grouped-writes.js'
import { inTransaction, type SqliteFile } from './in-transaction.js'
import type { StoreFile } from './store-file.js'

/** How often rows that are over are deleted, in milliseconds, and how many at a time. */
const sweepMs = 10_000
const rowsPerSweep = 1000

/** How long what was booked for a lease that ran out can still be corrected, in milliseconds. */
const correctableMs = 86_400_000

/** Stands for a time that never comes: the largest whole number that JavaScript and SQLite both have. */
const never = Number.MAX_SAFE_INTEGER

interface Row {
  readonly booked: number
  readonly held: number
  readonly ends: number
}

interface Part {
  readonly window: string
  readonly amount: number
}

/**
 * Budgets in three tables: windows, reservations, and the parts of each reservation.
 *
 * If no process lives that served from the file, everything with a note that earlier ones held is booked at once. What has none may be of a
 * process of an earlier version, which may live unseen: it is booked once its lease is over.
 */
export function createBudgets(file: StoreFile): Budgets {
  const { database, isAlone, work } = file
  const sql = prepare(database)
  let sweptAt = -Infinity

  function sweep(nowMs: number): void {
    if (nowMs - sweptAt < sweepMs) return
    sweptAt = nowMs
    const before = nowMs - correctableMs
    sql.sweepParts.run(before)
    sql.sweepReservations.run(before)
    sql.sweepWindows.run(nowMs)
  }

  function find(budget: Budget, nowMs: number): { readonly window: string; readonly row: Row } {
    const { startMs, endMs } = windowAt(budget.per, nowMs)
    const window = digestKey(`${startMs} ${budget.id}`)
    const found = sql.find.get(window, nowMs) as Row | undefined
    return { window, row: found === undefined ? { booked: 0, held: 0, ends: endMs === Infinity ? never : endMs } : counting(budget, found) }
  }

  function reserve(id: string, claims: readonly Claim[], leaseMs: number, note: string | null): Reserved {
    const nowMs = Date.now()
    sweep(nowMs)
    const found = claims.map(({ budget }) => find(budget, nowMs))
    const claimed = new Map<string, number>()
    const refusedBy = claims.findIndex(({ budget: { limit }, amount }, index) => {
      const { window, row } = found[index] as ReturnType<typeof find>
      const sum = (claimed.get(window) ?? 0) + checked(amount)
      claimed.set(window, sum)
      return row.booked + row.held + sum > limit
    })
    if (refusedBy !== -1) return { granted: false, refusedBy, counted: found.map(({ row }) => describe(row, nowMs)) }
    sql.insertReservation.run(id, nowMs + Math.ceil(leaseMs), note)
    // The last state of a window, which several claims may name.
    const held = new Map<string, Row>()
    for (const [index, { budget, amount }] of claims.entries()) {
      const { window, row } = found[index] as ReturnType<typeof find>
      held.set(window, sql.hold.get(window, amount, row.ends, forgetAt(budget, row, nowMs), nowMs) as Row)
      sql.insertPart.run(id, index, window, amount)
    }
    const counted = found.map(({ window }, index) => describe(counting((claims[index] as Claim).budget, held.get(window) as Row), nowMs))
    return { granted: true, counted }
  }

  function book(id: string): void {
    for (const { window, amount } of sql.parts.all(id) as Part[]) sql.change.get(amount, -amount, window)
    sql.markBooked.run(id)
  }

  function settle(id: string, spent: readonly number[], left: LeftNote | undefined): readonly Counted[] | undefined {
    const reservation = sql.reservation.get(id) as { readonly isBooked: number } | undefined
    if (reservation === undefined || reservation.isBooked === 2) return undefined
    const parts = sql.parts.all(id) as Part[]
    const states = new Map<string, Row>()
    for (const [index, { window, amount }] of parts.entries()) {
      const booked = checked(spent[index] ?? amount)
      const isBooked = reservation.isBooked === 1
      states.set(window, sql.change.get(isBooked ? booked - amount : booked, isBooked ? 0 : -amount, window) as Row)
    }
    sql.deleteParts.run(id)
    const nowMs = Date.now()
    if (left === undefined) sql.deleteReservation.run(id)
    else sql.leaveNote.run(nowMs + Math.ceil(left.leaseMs), left.text, id)
    return parts.map(({ window }) => describe(states.get(window) as Row, nowMs))
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
  const write = createGroupedWrites(file)

  return {
    scope: 'machine',
    recovery: undefined,
    reserve: async (id, claims, leaseMs, _owner, note) => {
      checkNote(note)
      return write(() => reserve(id, claims, leaseMs, note ?? null))
    },
    extend: (ids, leaseMs) =>
      write(() => {
        const nowMs = Date.now()
        for (const id of ids) sql.extend.run(nowMs + Math.ceil(leaseMs), id, nowMs)
      }),
    settle: async (id, spent, left) => {
      checkNote(left?.text)
      return write(() => settle(id, spent, left))
    },
    look: (budgets) =>
      work(() => {
        const nowMs = Date.now()
        return budgets.map((budget) => describe(find(budget, nowMs).row, nowMs))
      }),
    bookAbandoned: (most) => write(() => bookAbandoned(most)),
    takeNotes: (most, leaseMs) => write(() => takeNotes(most, leaseMs)),
    dropNotes: (notes) =>
      write(() => {
        for (const { id, isSettled } of notes) (isSettled ? sql.dropSettled : sql.dropNote).run(id)
      }),
  }
}

/** Reservations whose calls can no longer be corrected. */
const swept = `SELECT id FROM reservations WHERE booked IN (1, 2) AND lease <= ? ORDER BY lease, id LIMIT ${rowsPerSweep}`

function prepare(database: SqliteFile) {
  return {
    find: database.prepare('SELECT booked, held, ends FROM windows WHERE id = ?1 AND (forget > ?2 OR held > 0)'),
    hold: database.prepare(`
      INSERT INTO windows (id, booked, held, ends, forget) VALUES (?1, 0, ?2, ?3, ?4)
      ON CONFLICT (id) DO UPDATE SET
        booked = iif(forget > ?5 OR held > 0, booked, 0), held = held + ?2, forget = ?4
      RETURNING booked, held, ends`),
    change: database.prepare('UPDATE windows SET booked = booked + ?1, held = held + ?2 WHERE id = ?3 RETURNING booked, held, ends'),
    insertReservation: database.prepare('INSERT INTO reservations (id, lease, booked, note) VALUES (?, ?, 0, ?)'),
    insertPart: database.prepare('INSERT INTO parts (reservation, place, window, amount) VALUES (?, ?, ?, ?)'),
    reservation: database.prepare('SELECT booked AS isBooked FROM reservations WHERE id = ?'),
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
    deleteParts: database.prepare('DELETE FROM parts WHERE reservation = ?'),
    deleteReservation: database.prepare('DELETE FROM reservations WHERE id = ?'),
    // An earlier version left them when it forgot their reservations.
    dropStrayParts: database.prepare('DELETE FROM parts WHERE NOT EXISTS (SELECT 1 FROM reservations WHERE id = reservation)'),
    sweepParts: database.prepare(`DELETE FROM parts WHERE reservation IN (${swept})`),
    sweepReservations: database.prepare(`DELETE FROM reservations WHERE id IN (${swept})`),
    sweepWindows: database.prepare(
      `DELETE FROM windows WHERE id IN (SELECT id FROM windows WHERE forget <= ? AND held = 0 ORDER BY forget LIMIT ${rowsPerSweep})`,
    ),
  }
}

function forgetAt({ per, forgottenAfterMs }: Budget, { ends }: Row, nowMs: number): number {
  if (per !== undefined) return ends + keptAfterMs[per]
  return forgottenAfterMs === undefined ? never : Math.ceil(nowMs + forgottenAfterMs)
}

/** Of what is only held, what is booked does not count. */
function counting({ onlyHeld }: Budget, row: Row): Row {
  return onlyHeld === true ? { ...row, booked: 0 } : row
}

function checkNote(note: string | undefined): void {
  if (note !== undefined && Buffer.byteLength(note) > maxNoteBytes) throw new RangeError('A note is too long.')
}

function checked(amount: number): number {
  if (!Number.isSafeInteger(amount) || amount < 0) throw new RangeError('An amount is a whole number, 0 or more.')
  return amount
}

function describe({ booked, held, ends }: Row, nowMs: number): Counted {
  return { booked, held, endsInMs: ends === never ? undefined : Math.max(0, ends - nowMs) }
}
