import type { AnswerFormat } from '@postern/gateways'
import type { Gateway } from '../resolve/route.js'

/** Decides by an event's text whether the event must be parsed; most need not. */
export interface EventPattern {
  mayMatter(text: string): boolean
  readonly needsChoices: boolean
  /** Whether an event without a `type` must become a comment. */
  readonly needsType: boolean
  /** Whether every chunk must be completed; see `chunk-mender.ts`. */
  readonly needsMending: boolean
  /** The data of the end mark, such as `[DONE]`. */
  readonly endData: string | undefined
  /** Whether a stream is complete without the end mark once each choice has a `finish_reason`. */
  readonly choicesMayEnd: boolean
  /** Each `type` of an event that is an end mark. */
  readonly endTypes: readonly string[]
  /** Searches an unparsed text for a `type` that is an end mark; `saysFailure` for one that reports a failure. */
  readonly saysEnd: (text: string) => boolean
  readonly saysFailure: (text: string) => boolean
  /** Each `type` of an event that reports a failure. */
  readonly failureTypes: readonly string[]
}

/** The end mark that gateways write in streams of any format. */
export const defaultEnd = '[DONE]'

/** Compiles, once per gateway and format, which events carry usage, errors, governance data or the end mark. */
export function createRecordPattern({ dialect, endMark }: Pick<Gateway, 'dialect' | 'endMark'>, format: AnswerFormat): EventPattern {
  const endData = format.streamEnd !== undefined && 'data' in format.streamEnd ? format.streamEnd.data : undefined
  const endTypes = format.streamEnd !== undefined && 'types' in format.streamEnd ? format.streamEnd.types : []
  const { failureTypes = [] } = format
  const choicesMayEnd = endMark === 'optional' && endData !== undefined && format.recordsNeedChoices
  const members = ['usage', 'error', ...dialect.governance.recordMembers].join('|')
  // Some providers send `"usage":null` in every chunk, so `null` does not match.
  const alternatives = [
    `"(?:${members})"\\s*:\\s*[^\\sn]`,
    ...failureTypes.map((type) => `"type"\\s*:\\s*"${escapeForRegExp(type)}"`),
    ...[defaultEnd, ...endTypes].map(escapeForRegExp),
    // A `finish_reason`, and an `index` above 0, for `ChoiceEnds`.
    ...(choicesMayEnd ? ['"finish_reason"\\s*:\\s*"[^"]', '"index"\\s*:\\s*[1-9]'] : []),
  ]
  const worthParsing = new RegExp(alternatives.join('|'))
  const needsMending = format.recordsNeedChoices && dialect.bareChunks === true
  const needsType = format.recordsNeedType === true
  const needed = format.recordsNeedChoices ? '"choices"' : needsType ? '"type"' : undefined
  const marks = { endData, choicesMayEnd, endTypes, failureTypes, saysEnd: typeSearch(endTypes), saysFailure: typeSearch(failureTypes) }
  if (needsMending) return { needsChoices: true, needsType, needsMending, mayMatter: () => true, ...marks }
  return {
    needsChoices: format.recordsNeedChoices,
    needsType,
    needsMending,
    mayMatter: needed === undefined ? (text) => worthParsing.test(text) : (text) => !text.includes(needed) || worthParsing.test(text),
    ...marks,
  }
}

function typeSearch(types: readonly string[]): (text: string) => boolean {
  if (types.length === 0) return () => false
  const ofType = new RegExp(`"type"\\s*:\\s*"(?:${types.map(escapeForRegExp).join('|')})"`)
  return (text) => ofType.test(text)
}

function escapeForRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
