import { blanks } from './blanks.js'
import { readJsonObject } from './strict-json.js'

export interface JsonTextOptions {
  /** `true` if the text may be plain text that only begins like JSON. */
  readonly mayBeText: boolean
  /** `true` if policy checks members at any depth. */
  readonly looksInContent: boolean
}

const beginsObject = new RegExp(`^${blanks}\\{`)
const beginsList = new RegExp(`^${blanks}\\[`)
const beginsItems = new RegExp(`^${blanks}\\[${blanks}(?:["{[]|-?\\d[\\d.eE+-]*${blanks},|null|true|false)`)

/** Whether a text could be the beginning of a JSON object or list. `[` alone is not enough, since a plain text may begin with it. */
export function beginsJson(text: string): boolean {
  return beginsObject.test(text) || (beginsList.test(text) && (text.includes('{') || beginsItems.test(text)))
}

/**
 * Reads a form field or query parameter as JSON, as some servers do.
 *
 * @returns The object or list; `undefined` for a plain text.
 * @throws {Refusal} 400 `request_malformed` if a member is repeated, or if an object, or a list with an object, is not
 *   well-formed and `mayBeText` is `false`.
 */
export function readJsonText(text: string, { mayBeText, looksInContent }: JsonTextOptions): object | undefined {
  const isObject = beginsObject.test(text)
  if (!isObject && !beginsList.test(text)) return undefined
  if (mayBeText || !(isObject || text.includes('{'))) {
    if (!looksInContent || !isWellFormed(text)) return undefined
  }
  if (isObject) return readJsonObject(Buffer.from(text), looksInContent)
  return readJsonObject(Buffer.from(`{"":${text}}`), looksInContent)[''] as object
}

function isWellFormed(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
