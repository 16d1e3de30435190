import { type Amount, readAmount, readDecimal, readUnit } from '@postern/ports'
import { z } from 'zod'
import { fault } from './fault.js'

const durationUnits = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const sizeUnits = { B: 1, kB: 1000, KB: 1000, KiB: 1024, MB: 1_000_000, MiB: 1024 ** 2, GB: 1_000_000_000, GiB: 1024 ** 3 } as const
const datePattern = /^\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2}))?$/
const paceUnits = Object.fromEntries(Object.entries(sizeUnits).map(([unit, bytes]) => [`${unit}/s`, bytes]))

/** A time such as `500ms`, `30s`, `10m`, `12h` or `30d`, parsed to milliseconds. */
export const duration = quantity(durationUnits, {
  what: 'a time with its unit',
  examples: '500ms, 30s, 10m, 12h or 30d',
  usual: (number) => `${number}s if it is in seconds, or ${number}ms if it is in milliseconds`,
})

/** A duration of a day or more. */
export const longDuration = duration.refine((ms) => ms >= durationUnits.d, fault('is less than a day', 'Write a time such as 90d.'))

/** A duration from a second to a day. @param example One that may be meant, for the message. */
export const shortDuration = (example: string) =>
  duration.refine(
    (ms) => ms >= durationUnits.s && ms <= durationUnits.d,
    fault('is not between a second and a day', `Write a time such as ${example}.`),
  )

/** A size such as `512KiB` or `10MiB`, parsed to bytes. */
export const size = quantity(sizeUnits, {
  what: 'a size with its unit',
  examples: '1000B, 512KiB or 10MiB',
  usual: (number) => `${number}B if it is in bytes, or ${number}KiB if it is in kibibytes`,
})

/** A pace such as `1KiB/s`, parsed to bytes per second. */
export const pace = quantity(paceUnits, {
  what: 'a size a second',
  examples: '0B/s or 1KiB/s',
  usual: (number) => `${number}B/s if it is in bytes a second`,
})

/** A day such as `2027-03-01`, which begins in UTC, or a time such as `2027-03-01T12:00:00Z`; parsed to milliseconds since 1970. */
export const date = z
  .custom<string>()
  .transform((value: unknown, context) => {
    const time = typeof value === 'string' && datePattern.test(value) && isDay(value.slice(0, 10)) ? Date.parse(value) : Number.NaN
    if (!Number.isNaN(time)) return time
    context.addIssue({ code: 'custom', message: fault('is not a date', 'Write it like 2027-03-01 or 2027-03-01T12:00:00Z.'), input: value })
    return z.NEVER
  })
  .meta({ type: 'string', pattern: datePattern.source, examples: ['2027-03-01'] })

/** Whether the calendar has the day: `Date.parse` takes 2027-02-31 for the third of March. */
function isDay(day: string): boolean {
  const time = Date.parse(day)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day)
}

/** An amount of money with its unit, such as `20 USD` or `100 credits`. */
export const money = z
  .custom<string>()
  .transform((value: unknown, context): Amount => {
    const amount = typeof value === 'string' ? readAmount(value.trim()) : undefined
    if (amount !== undefined && amount.amount > 0) return amount
    context.addIssue({
      code: 'custom',
      message: fault('is not an amount above 0 with its unit', 'Write it like 20 USD or 100 credits.'),
      input: value,
    })
    return z.NEVER
  })
  .meta({ type: 'string', pattern: '^\\d+(?:\\.\\d{1,9})?\\s*(?:credits|[A-Z]{2,3})$', examples: ['20 USD', '0.5 credits'] })

/** A decimal of at most nine decimals, as a number or as text, parsed exactly to billionths. */
export const decimal = z
  .custom<string | number>()
  .transform((value: unknown, context) => {
    const amount = readDecimal(typeof value === 'number' ? decimalText(value) : typeof value === 'string' ? value : '')
    if (amount !== undefined) return amount
    context.addIssue({ code: 'custom', message: decimalFault(value), input: value })
    return z.NEVER
  })
  .meta({
    anyOf: [
      { type: 'string', pattern: '^\\d+(\\.\\d{1,9})?$' },
      { type: 'number', minimum: 0 },
    ],
  })

/** The text of a number as a file has it; empty where the number may not be what was written. */
function decimalText(number: number): string {
  // Above this, floating point has fewer than nine decimals.
  if (!Number.isInteger(number) && number > 2 ** 23) return ''
  const text = number.toFixed(9)
  return Number(text) === number ? text : ''
}

function decimalFault(value: unknown): string {
  if (value === undefined) return fault('is missing', 'Write a decimal, such as 0.15.')
  if (typeof value === 'number' && value > 2 ** 23)
    return fault('is a number that may not be what was written', 'Write it in quotes; the most is 9007199.')
  return fault('is not a decimal of at most nine decimals', 'Write it like 3, 0.15 or "0.000000001"; the most is 9007199.')
}

/** `credits`, or an ISO 4217 currency. `TL` is read as `TRY`. */
export const moneyUnit = z
  .custom<string>()
  .transform((value: unknown, context) => {
    const unit = readUnit(typeof value === 'string' ? value : '')
    if (unit !== undefined) return unit
    const meant =
      typeof value === 'string' ? [value.toUpperCase(), value.toLowerCase()].find((text) => readUnit(text) !== undefined) : undefined
    const reason = value === undefined ? 'is missing' : 'is neither credits nor a currency of ISO 4217'
    context.addIssue({
      code: 'custom',
      message: fault(reason, meant === undefined ? 'Write credits, USD, TRY …' : `Write ${meant}.`),
      input: value,
    })
    return z.NEVER
  })
  .meta({ type: 'string', pattern: '^(credits|[A-Z]{2,3})$', examples: ['credits', 'USD'] })

/** A share such as `5%`, parsed to millionths. */
export const share = z
  .custom<string>()
  .transform((value: unknown, context) => {
    const match = typeof value === 'string' ? /^(\d{1,3}(?:\.\d{1,4})?)\s*%$/.exec(value) : null
    const millionths = (readDecimal(match?.[1] ?? '') ?? Infinity) / 100_000
    if (millionths <= 1_000_000) return millionths
    context.addIssue({ code: 'custom', message: fault('is not a share of at most 100%', 'Write it like 5% or 0.5%.'), input: value })
    return z.NEVER
  })
  .meta({ type: 'string', pattern: '^\\d{1,3}(\\.\\d{1,4})?\\s*%$', examples: ['5%'] })

/** The words for a quantity in messages. */
interface Wording {
  readonly what: string
  readonly examples: string
  /** What a number without a unit probably means. */
  readonly usual: (number: string) => string
}

function quantity(units: Readonly<Record<string, number>>, wording: Wording) {
  const pattern = new RegExp(`^(\\d+(?:\\.\\d+)?)\\s*(${Object.keys(units).join('|')})$`)
  // Accepts any value first, so that the message for a bare number can ask for a unit.
  const parsed = z.custom<string>().transform((value: unknown, context) => {
    const match = typeof value === 'string' ? pattern.exec(value) : null
    if (match === null) {
      context.addIssue({ code: 'custom', message: describe(value, wording), input: value })
      return z.NEVER
    }
    return Math.round(Number(match[1]) * (units[match[2] as string] as number))
  })
  // For the JSON schema, which would take anything otherwise.
  return parsed.meta({ type: 'string', pattern: pattern.source, examples: wording.examples.split(/, | or /) })
}

/** Builds the message. It may repeat a bare number, which is not a secret. */
function describe(value: unknown, { what, examples, usual }: Wording): string {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value).trim() : ''
  if (/^\d{1,15}(?:\.\d{1,6})?$/.test(text)) return fault(`is ${text}, without a unit`, `Write ${usual(text)}.`)
  return value === undefined ? fault('is missing', `Write ${what}: ${examples}.`) : fault(`is not ${what}`, `Write it like ${examples}.`)
}
