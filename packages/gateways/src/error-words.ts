import { isRecord } from './said.js'

/**
 * Members that hold the message of an error, the most specific first. If `error` is not a text, it is searched before
 * these.
 */
const places = [
  'message',
  'msg',
  'detail',
  'details',
  'errors',
  'error_message',
  'errorMessage',
  'error_description',
  'description',
  'reason',
  'error',
  'title',
]

/** Members in which an item of a list names its subject: `{ "loc": ["body", "model"], "msg": "Field required" }`. */
const subjects = ['loc', 'field', 'path', 'param']

/** How many levels deep a message is searched for. */
const deepest = 5

/** How many items of a list the message includes. */
const maxItems = 10

/**
 * Finds the message of an error in any shape: one text, a list of texts or of details, nested objects, or the whole
 * body.
 */
export function wordsOf(value: unknown, depth = deepest): string | undefined {
  if (typeof value === 'string') return value.trim() === '' ? undefined : value.trim()
  if (depth === 0) return undefined
  if (Array.isArray(value)) {
    const items = value.slice(0, maxItems).flatMap((item) => wordsOfItem(item, depth - 1) ?? [])
    return items.length === 0 ? undefined : [...new Set(items)].join('; ')
  }
  if (!isRecord(value)) return undefined
  const { error } = value
  const within = typeof error === 'object' ? wordsOf(error, depth - 1) : undefined
  if (within !== undefined) return within
  for (const place of places) {
    const words = wordsOf(value[place], depth - 1)
    if (words !== undefined) return words
  }
  return undefined
}

function wordsOfItem(item: unknown, depth: number): string | undefined {
  const words = wordsOf(item, depth)
  if (words === undefined || !isRecord(item)) return words
  const subject = subjects.map((name) => nameOf(item[name])).find((name) => name !== '')
  return subject === undefined || words.includes(subject) ? words : `${subject}: ${words}`
}

function nameOf(value: unknown): string {
  if (Array.isArray(value)) return value.filter((part) => typeof part === 'string' || typeof part === 'number').join('.')
  return typeof value === 'string' ? value : ''
}
