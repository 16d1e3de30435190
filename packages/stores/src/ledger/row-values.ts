import { type KeptCount, toBillionths } from '@postern/ports'
import { nameCount } from './row.js'

/** The most characters of one text, and the most tokens of one call: a gateway's answer may say anything. */
const maxTextChars = 512
const maxTokens = 1_000_000_000_000

/** The columns of `calls` that come from the process, in the order of `rowOf`. Whole numbers are checked, and others must be finite. */
export const columns: readonly (readonly [name: string, form: 'text' | 'required' | 'whole' | 'tokens' | 'cost' | 'real'])[] = [
  ['time', 'whole'],
  ['request_id', 'required'],
  ['attempt', 'whole'],
  ['workflow', 'text'],
  ['step', 'text'],
  ['parent_step', 'text'],
  ['method', 'required'],
  ['path', 'required'],
  ['status', 'whole'],
  ['code', 'text'],
  ['finish', 'required'],
  ['via', 'text'],
  ['caller', 'text'],
  ['provider', 'text'],
  ['tier', 'text'],
  ['input', 'tokens'],
  ['output', 'tokens'],
  ['cached', 'tokens'],
  ['reasoning', 'tokens'],
  ['cost', 'cost'],
  ['unit', 'required'],
  ['booked', 'text'],
  ['estimated', 'whole'],
  ['duration_ms', 'real'],
  ['gateway_ms', 'real'],
  ['gateway_request_id', 'text'],
  ['trace_id', 'text'],
]
const places = Object.fromEntries(columns.map(([name], index) => [name, index])) as Readonly<Record<string, number>>
export const [timePlace = 0, idPlace = 0, finishPlace = 0, costPlace = 0, unitPlace = 0] = [
  'time',
  'request_id',
  'finish',
  'cost',
  'unit',
].map((name) => places[name])

/** What databases do not keep: NUL, and half of a surrogate pair. */
const oddCharacters = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g

/**
 * Makes what cuts long texts and replaces characters that cannot be kept.
 *
 * @param isOdd Whether a text may hold such a character. Where rows were written as JSON, one without an escape `\u` holds none.
 */
export function cleaner(isOdd: boolean): (text: string) => string {
  return (text) => (isOdd || text.length > maxTextChars ? text.slice(0, maxTextChars).replaceAll(oddCharacters, '\u{FFFD}') : text)
}

/** The names of one row, in the order of `rowOf`; the empty text for one that is not there. */
export function namesOf(given: readonly unknown[], clean: (text: string) => string): string[] {
  return given.slice(0, nameCount).map((name) => (typeof name === 'string' ? clean(name) : ''))
}

/** The attempts of one row that were followed by another. */
export function attemptsOf(given: readonly unknown[]): readonly (readonly [attempt: number, code: string])[] {
  const earlier = given[nameCount + columns.length]
  return Array.isArray(earlier) ? (earlier as [number, string][]) : []
}

/** What the call of one row counts as: of each window its name, the amount, its end (-1: none), and when it is forgotten. */
export function countedOf(given: readonly unknown[]): readonly (readonly [string, number, number, number])[] | undefined {
  const counted = given[nameCount + columns.length + 1] as readonly KeptCount[] | null | undefined
  return counted?.map(({ window, amount, endsMs = -1, forgetsMs = Number.MAX_SAFE_INTEGER }) => [window, amount, endsMs, forgetsMs])
}

/** Whether the ledger may have this call already: `markDoubtful` says so. */
export function isDoubtful(given: readonly unknown[]): boolean {
  return given[nameCount + columns.length + 2] === true
}

/** The values of {@link columns} of one row, in their order. */
export function valuesOf(given: readonly unknown[], clean: (text: string) => string): unknown[] {
  const values = columns.map(([, form], place) => valueOf(form, given[nameCount + place], clean))
  // Whatever has no readable cost has no unit either.
  if (values[costPlace] === null) values[unitPlace] = ''
  return values
}

function valueOf(form: (typeof columns)[number][1], value: unknown, clean: (text: string) => string): unknown {
  switch (form) {
    case 'text':
      return typeof value === 'string' ? clean(value) : null
    case 'required':
      return typeof value === 'string' ? clean(value) : ''
    case 'whole':
      return Number.isSafeInteger(value) ? value : 0
    case 'tokens':
      return typeof value === 'number' && value >= 0 ? Math.min(Math.ceil(value), maxTokens) : null
    case 'cost':
      return typeof value === 'number' ? (toBillionths(value) ?? null) : null
    case 'real':
      return typeof value === 'number' ? value : 0
  }
}
