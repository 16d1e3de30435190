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
import { createBatches } from './batches.js'
import type { Ask } from './connection.js'
import { readNumbers, readTexts, readTimed, readValue, readWhole, unreadable } from './replies.js'

/** How often a call is tried whose windows were not those of the database's clock. The second try uses that clock. */
const mostTries = 3

/** How many statements of each kind are under way at once, and how many calls one has at most. */
const boundsOfBatches = { atOnce: 2, most: 100 }

/** Stands for a window without an end. */
const endless = -1

interface Window {
  readonly id: string
  readonly starts: number
  readonly ends: number
}

interface Asked {
  readonly id: string
  readonly leaseMs: number
  readonly claims: readonly (Claim & { readonly window: Window })[]
  readonly note: string | undefined
}

interface Settled {
  readonly id: string
  readonly spent: readonly number[]
  readonly left: LeftNote | undefined
}

/** The answer about one call; `clock` if a window was not that of the present. */
type Verdict = Reserved | 'clock' | 'exists'

export function createBudgets(ask: Ask, schema: string, answerMs: number): Budgets {
  const ofBatches = { ...boundsOfBatches, answerMs }
  /** The clock of the database minus that of this process, in milliseconds. */
  let aheadMs = 0

  const windowOf = ({ id, per }: Budget): Window => {
    const { startMs, endMs } = windowAt(per, Date.now() + aheadMs)
    return { id: digestKey(`${startMs} ${id}`), starts: startMs, ends: endMs === Infinity ? endless : endMs }
  }

  /** Asks again if the clock of the database says another window. */
  async function inPresent<Answer>(asked: () => Promise<Answer | 'clock'>): Promise<Answer> {
    for (let tries = 1; tries <= mostTries; tries += 1) {
      const answer = await asked()
      if (answer !== 'clock') return answer
    }
    throw new Error('PostgreSQL cannot be used: its clock does not stay in one window.')
  }

  const reserveStatement = `SELECT ${schema}.reserve($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) AS answer`
  const reserve = createBatches<Asked, Verdict>(async (calls, waitMs) => {
    const rows = await ask(reserveStatement, valuesOf(calls), waitMs)
    const { now, answers } = readTimed(readValue(rows, 'answer'), calls.length)
    return calls.map((_, index) => {
      const [verdict, refusedBy = 0, ...states] = readNumbers(answers[index])
      if (verdict === 2) aheadMs = now - Date.now()
      return verdictOf(
        verdict,
        refusedBy,
        counting(
          readStates(states, now),
          calls[index]?.claims.map(({ budget }) => budget),
        ),
      )
    })
  }, ofBatches)

  const settle = createBatches<Settled, readonly Counted[] | undefined>(async (calls, waitMs) => {
    const spent = calls.flatMap((call) => call.spent)
    const values = [
      calls.map(({ id }) => id),
      firstsOf(calls.map((call) => call.spent.length)),
      spent,
      calls.map(({ left }) => left?.text ?? null),
      calls.map(({ left }) => Math.ceil(left?.leaseMs ?? 0)),
    ]
    const { now, answers } = readTimed(
      readValue(await ask(`SELECT ${schema}.settle($1, $2, $3, $4, $5) AS answer`, values, waitMs), 'answer'),
      calls.length,
    )
    return answers.map((answer, index) => {
      // Of two that end one reservation together, the first one did.
      const isFirst = calls.findIndex(({ id }) => id === calls[index]?.id) === index
      if (answer === null || !isFirst) return undefined
      if (!Array.isArray(answer)) throw unreadable()
      return readStates((answer as unknown[]).flatMap(readNumbers), now)
    })
  }, ofBatches)

  return {
    scope: 'shared',
    recovery: undefined,
    async reserve(id, claims, leaseMs, _owner, note) {
      checkNote(note)
      for (const { amount } of claims) checked(amount)
      const answer = await inPresent(() => {
        const inWindows = claims.map((claim) => ({ ...claim, window: windowOf(claim.budget) }))
        return reserve({ id, leaseMs: Math.ceil(leaseMs), claims: inWindows, note })
      })
      if (answer === 'exists') throw new Error('PostgreSQL has a reservation of this name.')
      return answer
    },
    async extend(ids, leaseMs) {
      if (ids.length === 0) return
      await ask(extendStatement(schema), [ids, Math.ceil(leaseMs)])
    },
    async settle(id, spent, left) {
      checkNote(left?.text)
      return settle({ id, spent: spent.map(checked), left })
    },
    async look(budgets) {
      if (budgets.length === 0) return []
      return inPresent(async () => {
        const windows = budgets.map(windowOf)
        const rows = await ask(lookStatement(schema), [windows.map(({ id }) => id)])
        if (rows.length !== windows.length) throw unreadable()
        const now = readWhole(rows[0]?.['now'])
        if (windows.some(({ starts, ends }) => now < starts || (ends !== endless && now >= ends))) {
          aheadMs = now - Date.now()
          return 'clock'
        }
        const states = rows.flatMap(({ booked, held, ends }, index) => [
          readWhole(booked),
          readWhole(held),
          ends === null ? (windows[index] as Window).ends : readWhole(ends),
        ])
        return counting(readStates(states, now), budgets)
      })
    },
    async bookAbandoned(most) {
      return readTexts(readValue(await ask(`SELECT ${schema}.book_abandoned($1) AS ids`, [most]), 'ids'))
    },
    async takeNotes(most, leaseMs) {
      return readNotes(readValue(await ask(`SELECT ${schema}.take_notes($1, $2) AS notes`, [most, Math.ceil(leaseMs)]), 'notes'))
    },
    async dropNotes(notes) {
      if (notes.length === 0) return
      await ask(`SELECT ${schema}.drop_notes($1, $2)`, [notes.map(({ id }) => id), notes.map(({ isSettled }) => isSettled)])
    },
  }
}

/** Of what is only held, what is booked does not count. */
function counting(states: readonly Counted[], budgets: readonly Budget[] = []): readonly Counted[] {
  return states.map((state, index) => (budgets[index]?.onlyHeld === true ? { ...state, booked: 0 } : state))
}

function checkNote(note: string | undefined): void {
  if (note !== undefined && Buffer.byteLength(note) > maxNoteBytes) throw new RangeError('A note is too long.')
}

function readNotes(value: unknown): readonly CallNote[] {
  if (!Array.isArray(value)) throw unreadable()
  return (value as unknown[]).map((each) => {
    const [id, isSettled, text] = Array.isArray(each) ? (each as unknown[]) : []
    if (typeof id !== 'string' || typeof isSettled !== 'boolean' || typeof text !== 'string') throw unreadable()
    return { id, isSettled, text }
  })
}

/** Extends reservations, and notes that were left or taken: that of a call under way has no lease of its own. */
function extendStatement(schema: string): string {
  return `
    WITH held AS MATERIALIZED (
      SELECT id FROM ${schema}.reservations WHERE id = ANY ($1::text[]) AND NOT is_booked AND lease > ${schema}.now_ms()
      ORDER BY id FOR UPDATE
    ), kept_reservations AS (
      UPDATE ${schema}.reservations AS kept SET lease = ${schema}.now_ms() + $2::bigint FROM held WHERE kept.id = held.id
    ), noted AS MATERIALIZED (
      SELECT id FROM ${schema}.notes WHERE id = ANY ($1::text[]) AND lease > ${schema}.now_ms() ORDER BY id FOR UPDATE
    )
    UPDATE ${schema}.notes AS kept SET lease = ${schema}.now_ms() + $2::bigint FROM noted WHERE kept.id = noted.id`
}
/** The state of windows that count now; `ends` is null for one that does not. */
function lookStatement(schema: string): string {
  return `
    SELECT clock.now, coalesce(kept.booked, 0) AS booked, coalesce(kept.held, 0) AS held, kept.ends
    FROM ${schema}.now_ms() AS clock (now) CROSS JOIN unnest($1::text[]) WITH ORDINALITY AS asked (id, place)
    LEFT JOIN ${schema}.windows AS kept ON kept.id = asked.id AND (kept.held <> 0 OR kept.forget > clock.now)
    ORDER BY asked.place`
}

/** The arguments of the function `reserve`. */
function valuesOf(calls: readonly Asked[]): readonly unknown[] {
  const claims = calls.flatMap((call) => call.claims)
  const windows = [...new Map(claims.map(({ window }) => [window.id, window])).values()].toSorted((one, other) =>
    one.id < other.id ? -1 : 1,
  )
  const places = new Map(windows.map(({ id }, index) => [id, index + 1]))
  return [
    windows.map(({ id }) => id),
    windows.map(({ starts }) => starts),
    windows.map(({ ends }) => ends),
    calls.map(({ id }) => id),
    calls.map(({ leaseMs }) => leaseMs),
    firstsOf(calls.map((call) => call.claims.length)),
    claims.map(({ window }) => places.get(window.id)),
    claims.map(({ budget }) => budget.limit),
    claims.map(({ amount }) => amount),
    claims.map(({ budget }) => forgetOf(budget)),
    claims.flatMap(({ budget, window }) => (budget.onlyHeld === true ? [window.id] : [])),
    calls.map(({ note }) => note ?? null),
  ]
}

/** Where the parts of each call begin in a list of all, from 1, and where the list ends. */
function firstsOf(counts: readonly number[]): readonly number[] {
  const firsts = [1]
  for (const count of counts) firsts.push((firsts.at(-1) as number) + count)
  return firsts
}

/** When the function lets go of a window: see `reserve` in the migrations. */
function forgetOf({ per, forgottenAfterMs }: Budget): number {
  if (per !== undefined) return keptAfterMs[per]
  return forgottenAfterMs === undefined ? -2 : Math.ceil(forgottenAfterMs)
}

function checked(amount: number): number {
  if (!Number.isSafeInteger(amount) || amount < 0) throw new RangeError('An amount is a whole number, 0 or more.')
  return amount
}

function verdictOf(verdict: number | undefined, refusedBy: number, counted: readonly Counted[]): Verdict {
  if (verdict === 2) return 'clock'
  if (verdict === 3) return 'exists'
  if (verdict === 0) return { granted: true, counted }
  if (verdict !== 1 || refusedBy >= counted.length) throw unreadable()
  return { granted: false, refusedBy, counted }
}

/** @param states Booked, held and end of each window in turn. */
function readStates(states: readonly number[], nowMs: number): readonly Counted[] {
  const counted: Counted[] = []
  for (let index = 0; index + 2 < states.length; index += 3) {
    const [booked, held, ends] = states.slice(index, index + 3) as [number, number, number]
    counted.push({ booked, held, endsInMs: ends === endless ? undefined : Math.max(0, ends - nowMs) })
  }
  return counted
}
