import { type UsageField, usageFields, type UsageFilter, usageFilters, type UsageQuestion } from '@postern/ports'
import { showName } from '../print.js'
import { nextMidnight, readTime } from './read-time.js'

/** A question about usage as people write it: each value is a text. */
export type WrittenQuestion = Readonly<Partial<Record<UsageFilter | 'since' | 'until' | 'by', string | undefined>>>

/** `since`, if a question does not name it. */
export const defaultSince = '7d'

/** A part of a question does not have its form. The message begins with the name of the part. */
export class QuestionFault extends Error {}

/**
 * Reads a question about usage. Without `until` the question reaches to the end of today (UTC): it has all of today's calls, and the ledger
 * can read whole days.
 *
 * @throws {QuestionFault}
 */
export function readQuestion({ since = defaultSince, until, by = '', ...filters }: WrittenQuestion, nowMs: number): UsageQuestion {
  const sinceMs = timeOf('since', since, nowMs)
  const untilMs = until === undefined ? nextMidnight(nowMs) : timeOf('until', until, nowMs)
  const only = usageFilters.flatMap((field): [UsageFilter, string][] => (filters[field] === undefined ? [] : [[field, filters[field]]]))
  return { sinceMs, untilMs, by: readFields(by), only: Object.fromEntries(only) }
}

function readFields(text: string): readonly UsageField[] {
  const names = text === '' ? [] : text.split(',').map((name) => name.trim())
  const wrong = names.find((name) => !usageFields.includes(name as UsageField))
  if (wrong !== undefined) throw new QuestionFault(`by knows no "${showName(wrong)}". It knows ${usageFields.join(', ')}.`)
  return [...new Set(names as UsageField[])]
}

function timeOf(part: string, text: string, nowMs: number): number {
  const ms = readTime(text, nowMs)
  if (ms === undefined) throw new QuestionFault(`${part} takes 12h, 7d, 2026-11-01 or 2026-11-01T12:00Z, and got "${showName(text)}".`)
  return ms
}
