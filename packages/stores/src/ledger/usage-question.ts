import { type CallsQuestion, type UsageField, type UsageFilter, type UsageQuestion, usageFields, usageFilters } from '@postern/ports'
import { dayMs } from './day.js'

/** How many days of sums one query reads: progress is told after each. */
const daysOfQuery = 8

/** A part of the time that is asked about: whole days whose sums are read, or a time whose calls are read. */
export interface Part {
  readonly from: 'sums' | 'calls'
  /** From the first day or millisecond up to, but not including, the last. */
  readonly first: number
  readonly last: number
}

/** The parts of a time, each of one query. Only the sums of whole days hold nothing of before or after. */
function partsOf({ sinceMs, untilMs, by, only = {} }: UsageQuestion): Part[] {
  const needsCalls = [...by, ...Object.keys(only)].some(isOfCall)
  const parts: Part[] = []
  let at = sinceMs
  while (at < untilMs) {
    const day = Math.floor(at / dayMs)
    const nextMs = Math.min((day + 1) * dayMs, untilMs)
    const isWhole = at === day * dayMs && nextMs === (day + 1) * dayMs
    if (!isWhole || needsCalls) {
      parts.push({ from: 'calls', first: at, last: nextMs })
      at = nextMs
    } else {
      const last = Math.min(day + daysOfQuery, Math.floor(untilMs / dayMs))
      parts.push({ from: 'sums', first: day, last })
      at = last * dayMs
    }
  }
  return parts
}

/** The parts of a question about what is there: no query for days before the first call, or after the last. */
export function partsWithin(question: UsageQuestion, oldestMs: number | undefined, newestMs: number | undefined): Part[] {
  const sinceMs = Math.max(question.sinceMs, Math.floor((oldestMs ?? question.untilMs) / dayMs) * dayMs)
  const untilMs = Math.min(question.untilMs, (Math.floor((newestMs ?? 0) / dayMs) + 1) * dayMs)
  return partsOf({ ...question, sinceMs, untilMs })
}

/** A reader gets questions from other threads: what is no field must not come into a query. */
export function checkQuestion({ by, only = {}, sinceMs, untilMs }: UsageQuestion): void {
  const wrong = by.find((field: UsageField) => !usageFields.includes(field)) ?? Object.keys(only).find((field) => !isFilter(field))
  if (wrong !== undefined) throw new TypeError(`There is no field "${wrong}".`)
  if (!Number.isSafeInteger(sinceMs) || !Number.isSafeInteger(untilMs)) throw new TypeError('A time is a whole number of milliseconds.')
}

/** As {@link checkQuestion}, for a question about single calls. */
export function checkCallsQuestion({ most, ...question }: CallsQuestion): void {
  checkQuestion({ ...question, by: [] })
  if (!Number.isSafeInteger(most) || most < 1) throw new TypeError('A number of calls is a whole number above 0.')
}

/** Whether single calls alone have a field: sums of days do not have it. */
export function isOfCall(field: string): boolean {
  return field === 'workflow' || field === 'step' || field === 'code'
}

/** Whether a text is a name that can be asked for. */
export function isFilter(field: string): field is UsageFilter {
  return usageFilters.includes(field as UsageFilter)
}
