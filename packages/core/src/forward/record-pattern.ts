import type { AnswerFormat, Dialect } from '@postern/gateways'

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

/** Compiles, once per dialect and format, which records carry usage, errors, governance data or the end. */
export function createRecordPattern(dialect: Dialect, format: AnswerFormat): RecordPattern {
  const endData = format.streamEnd !== undefined && 'data' in format.streamEnd ? format.streamEnd.data : undefined
  const endTypes = format.streamEnd !== undefined && 'types' in format.streamEnd ? format.streamEnd.types : []
  const { failureTypes = [] } = format
  const members = ['usage', 'error', ...dialect.governance.recordMembers].join('|')
  // `"usage":null` stands in every chunk of some providers, so only a value counts.
  const alternatives = [
    `"(?:${members})"\\s*:\\s*[^\\sn]`,
    ...failureTypes.map((type) => `"type"\\s*:\\s*"${escapeForRegExp(type)}"`),
    ...[usualEnd, ...endTypes].map(escapeForRegExp),
  ]
  const worthParsing = new RegExp(alternatives.join('|'))
  const needsMending = format.recordsNeedChoices && dialect.bareChunks === true
  const needsType = format.recordsNeedType === true
  const needed = format.recordsNeedChoices ? '"choices"' : needsType ? '"type"' : undefined
  const marks = { endData, endTypes, failureTypes, saysEnd: typeSearch(endTypes), saysFailure: typeSearch(failureTypes) }
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
