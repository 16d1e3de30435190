import type { AnswerFormat } from '@postern/gateways'
import type { Gateway } from '../resolve/route.js'

/** Says from its text alone whether a stream record is worth parsing; most are not. */
export interface RecordPattern {
  mayMatter(text: string): boolean
  readonly needsChoices: boolean
  /** Whether a record without a `type` has to become a comment. */
  readonly needsType: boolean
  /** Whether every chunk needs to be made whole; see `chunk-mender.ts`. */
  readonly needsMending: boolean
  /** The data that marks the end, such as `[DONE]`. */
  readonly endData: string | undefined
  /** Whether a stream is whole without that mark once each of its choices has said why it ended. */
  readonly choicesMayEnd: boolean
  /** The `type` of a record that marks the end. */
  readonly endTypes: readonly string[]
  /** What a text says of its `type` without being parsed: that it marks the end, or that the answer failed. */
  readonly saysEnd: (text: string) => boolean
  readonly saysFailure: (text: string) => boolean
  /** The `type` of a record that says that the answer failed. */
  readonly failureTypes: readonly string[]
}

/** What gateways write at the end of streams of any format. */
export const usualEnd = '[DONE]'

/** Compiles, once per gateway and format, which records carry usage, errors, governance data or the end. */
export function createRecordPattern({ dialect, endMark }: Pick<Gateway, 'dialect' | 'endMark'>, format: AnswerFormat): RecordPattern {
  const endData = format.streamEnd !== undefined && 'data' in format.streamEnd ? format.streamEnd.data : undefined
  const endTypes = format.streamEnd !== undefined && 'types' in format.streamEnd ? format.streamEnd.types : []
  const { failureTypes = [] } = format
  const choicesMayEnd = endMark === 'optional' && endData !== undefined && format.recordsNeedChoices
  const members = ['usage', 'error', ...dialect.governance.recordMembers].join('|')
  // `"usage":null` stands in every chunk of some providers, so only a value counts.
  const alternatives = [
    `"(?:${members})"\\s*:\\s*[^\\sn]`,
    ...failureTypes.map((type) => `"type"\\s*:\\s*"${escapeForRegExp(type)}"`),
    ...[usualEnd, ...endTypes].map(escapeForRegExp),
    // Why a choice ended, and whatever may be a choice beside the first.
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
  const said = new RegExp(`"type"\\s*:\\s*"(?:${types.map(escapeForRegExp).join('|')})"`)
  return (text) => said.test(text)
}

function escapeForRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
