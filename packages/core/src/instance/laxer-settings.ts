import { isDeepStrictEqual } from 'node:util'

/** Whether a setting with the value `after` lets more through than with `before`; `undefined`: the setting is not there. */
type Compare = (before: unknown, after: unknown) => boolean

/** A bound from above: more is laxer, and none is the laxest. */
const raised: Compare = (before, after) => number(before, Infinity) < number(after, Infinity)
/** A bound from below, or a time in which something is counted: less is laxer, and none is the laxest. */
const lowered: Compare = (before, after) => number(before, 0) > number(after, 0)
/** A list of what is allowed: each further entry is laxer. */
const gains: Compare = (before, after) => list(after).some((entry) => !list(before).some((known) => isDeepStrictEqual(known, entry)))
/** The same, where everything is allowed without the list, or with an empty one. */
const gainsOrOpens: Compare = (before, after) => !isOpen(before) && (isOpen(after) || gains(before, after))
/** A list of what restricts: each entry that goes is laxer. */
const loses: Compare = (before, after) => gains(after, before)
const turnedOn: Compare = (before, after) => before !== true && after === true
const turnedOff: Compare = (before, after) => before === true && after !== true
const appears: Compare = (before) => before === undefined
const goes: Compare = (_, after) => after === undefined
const differs: Compare = (_, after) => after !== undefined

/** Settings by which something is let through. Others change what happens, and not for whom. */
const comparisons: readonly (readonly [RegExp, Compare])[] = [
  [/^policies\.(?:models|endpoints)$/, gainsOrOpens],
  [/^policies\.(?:maxTokens|body)$/, raised],
  [/^policies\.pinUser$/, turnedOff],
  [/^policies\.choices\.[^.]+$/, differs],
  [/^policies\.rules$/, loses],
  [/^bindings$/, gains],
  [/^keys\.[^.]+\.shared$/, turnedOn],
  [/^gateways\.[^.]+\.passHeaders$/, gains],
  [/^gateways\.[^.]+\.endpoints\./, differs],
  [/^callers\.(?:session|forwardAuth|service|anonymous)$/, appears],
  [/^callers\.jwt$/, gains],
  [/^callers\.session\.(?:maxTtl|exchange\.limit)$/, raised],
  [/^callers\.session\.exchange\.window$/, lowered],
  [/^callers\.session\.exchange$/, (before) => before === 'off'],
  [/^callers\.session\.(?:jwks|secret)$/, appears],
  [/^callers\.service\.principals\..*delegate$/, turnedOn],
  [/^callers\.service\.principals\.[^.]+$/, (before, after) => appears(before, after) || goes(before, after)],
  [/^callers\.anonymous\.limit$/, raised],
  [/^callers\.anonymous\.window$/, lowered],
  [/^callers\.forwardAuth\.cookies$/, gainsOrOpens],
  [/^callers\.forwardAuth\.cache$/, raised],
  [/^callers\.dpop\.window$/, raised],
  [/^callers\.dpop\.nonce$/, turnedOff],
  [/^browser\.origins$/, gains],
  [/^browser\.record$/, (_, after) => after === 'full'],
  [/^listen\.hosts$/, gainsOrOpens],
  [/^listen\.trustedProxies$/, gains],
  [/^failedAuthentication\.limit$/, raised],
  [/^failedAuthentication\.window$/, lowered],
  [/^connections\.(?:perAddress|underWay|heldBytes)$/, raised],
  [/^connections\.minRate$/, lowered],
]

/** Whether a changed setting now lets more through than before. */
export function isLaxer(path: string, before: unknown, after: unknown): boolean {
  return comparisons.some(([pattern, compare]) => pattern.test(path) && compare(before, after))
}

function number(value: unknown, ifNone: number): number {
  return typeof value === 'number' ? value : ifNone
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function isOpen(value: unknown): boolean {
  return list(value).length === 0
}
