import { blanks } from './blanks.js'
import { readJsonObject } from './strict-json.js'

export interface JsonTextOptions {
  /** Whether it may as well be a text that only begins like JSON. */
  readonly mayBeText: boolean
  /** Whether somebody looks into what is read, at any depth. */
  readonly looksInContent: boolean
}

const beginsObject = new RegExp(`^${blanks}\\{`)
const beginsList = new RegExp(`^${blanks}\\[`)
const beginsItems = new RegExp(`^${blanks}\\[${blanks}(?:["{[]|-?\\d[\\d.eE+-]*${blanks},|null|true|false)`)

/** Whether a text could be an object or list of JSON, of which this is the beginning: `[` alone could begin anything. */
export function beginsJson(text: string): boolean {
  return beginsObject.test(text) || (beginsList.test(text) && (text.includes('{') || beginsItems.test(text)))
}

/**
 * Reads the JSON that some servers read in a field of a form, or in a parameter.
 *
 * @returns The object or list; `undefined` where it is a text.
 * @throws {Refusal} 400 `request_malformed` where it has not one reading: a member stands twice, or it is an object, or a
 *   list with one, that is not well-formed, and may be no text.
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
