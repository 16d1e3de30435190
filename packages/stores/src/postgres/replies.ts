import type { Row } from './connection.js'

/**
 * Readers of what PostgreSQL answers. Something in between may answer in a form that no statement has: that is a failure of the store,
 * never an answer of it.
 */

/** @returns The only column of the only row. */
export function readValue(rows: readonly Row[], column: string): unknown {
  const [row] = rows
  if (row === undefined || rows.length !== 1 || !(column in row)) throw unreadable()
  return row[column]
}

/** @returns A whole number, which may come as a text. */
export function readWhole(value: unknown): number {
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isInteger(number)) throw unreadable()
  return number
}

/** @returns A list of texts. */
export function readTexts(value: unknown): readonly string[] {
  if (!Array.isArray(value) || !(value as unknown[]).every((text) => typeof text === 'string')) throw unreadable()
  return value as readonly string[]
}

/** An answer about several calls: the time of the database in milliseconds, and what is said of each call. */
export interface TimedAnswers {
  readonly now: number
  readonly answers: readonly unknown[]
}

/** @param count How many answers there must be. */
export function readTimed(value: unknown, count: number): TimedAnswers {
  const { now, answers } = (value ?? {}) as { now?: unknown; answers?: unknown }
  if (!Array.isArray(answers) || answers.length !== count) throw unreadable()
  return { now: readWhole(now), answers: answers as readonly unknown[] }
}

/** @returns Whole numbers. */
export function readNumbers(value: unknown): readonly number[] {
  if (!Array.isArray(value) || !(value as unknown[]).every((each) => Number.isInteger(each))) throw unreadable()
  return value as readonly number[]
}

export function unreadable(): Error {
  return new Error('PostgreSQL cannot be used: it answered in a form that the statement does not have.')
}
