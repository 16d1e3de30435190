import { type Dispatcher, fetchBounded, type FetchedAnswer, isPacked } from '@postern/core'
import { SourceFailure } from './secret-source.js'

/** The largest answer of a source that is read, in bytes. */
const maxAnswerBytes = 256 * 1024

/** One question to a source over HTTP. */
export interface Question {
  readonly method?: 'GET' | 'POST' | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
  readonly signal: AbortSignal
  readonly dispatcher: Dispatcher
}

/** Asks a source. Follows no redirect. The answer may have any status. */
export async function askSource(url: string, question: Question): Promise<FetchedAnswer> {
  const headers = { accept: 'application/json', ...question.headers }
  const answer = await fetchBounded(url, { ...question, headers, maxBytes: maxAnswerBytes })
  if (isPacked(answer)) throw new SourceFailure(`${new URL(url).origin} answered in a coding that was not asked for.`)
  return answer
}

/** The JSON object of an answer; an empty one, if it has none. */
export function readObject({ body }: FetchedAnswer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return asObject(value)
  } catch {
    return {}
  }
}

/** The value, if it is an object; an empty one otherwise. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

/** A time in seconds, as JSON has it, in milliseconds; `undefined`: it is none, or none that is above zero. */
export function secondsToMs(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : value
  return typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined
}
