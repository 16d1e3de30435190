import { isDeepStrictEqual } from 'node:util'
import { defaultCacheMs, defaultMaxBodyBytes } from '../compile/defaults.js'

/** Whether a setting with the value `after` lets more through than with `before`; `undefined`: the setting is not there. */
type Compare = (before: unknown, after: unknown) => boolean

/** A bound from above: more is laxer. `ifNone` is what holds without the setting. */
const raised =
  (ifNone: number): Compare =>
  (before, after) =>
    number(before, ifNone) < number(after, ifNone)
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
const isThere: Compare = (_, after) => after !== undefined
const comesOrGoes: Compare = (before, after) => before === undefined || after === undefined

/** Settings by which something is let through, by their path; `*` stands for any name, and `**` for the rest. Changes of all others are never laxer. */
const comparisons: readonly (readonly [path: string, compare: Compare])[] = [
  ['policies models', gainsOrOpens],
  ['policies endpoints', gainsOrOpens],
  ['policies maxTokens', raised(Infinity)],
  ['policies body', raised(defaultMaxBodyBytes)],
  ['policies pinUser', turnedOff],
  ['policies choices **', isThere],
  ['policies rules', loses],
  // A binding that goes may leave its callers to another one, and the objects of a key to one tenant.
  ['bindings', () => true],
  ['keys * shared', turnedOn],
  ['gateways * passHeaders', gains],
  ['gateways * endpoints **', isThere],
  ['callers session', appears],
  ['callers forwardAuth', appears],
  ['callers service', appears],
  ['callers anonymous', appears],
  ['callers jwt', gains],
  ['callers session maxTtl', raised(Infinity)],
  ['callers session exchange', (before) => before === 'off'],
  ['callers session exchange limit', raised(Infinity)],
  ['callers session exchange window', lowered],
  ['callers session ttl', raised(Infinity)],
  // Another minter.
  ['callers session jwks', isThere],
  ['callers service principals *', comesOrGoes],
  ['callers service principals * delegate', turnedOn],
  // Another team is another key.
  ['callers service principals * user', isThere],
  ['callers service principals * team', isThere],
  ['callers service principals * project', isThere],
  ['callers anonymous user', isThere],
  ['callers anonymous team', isThere],
  ['callers anonymous project', isThere],
  ['callers anonymous limit', raised(Infinity)],
  ['callers anonymous window', lowered],
  ['callers forwardAuth url', isThere],
  ['callers forwardAuth claims **', isThere],
  ['callers forwardAuth answerHeaders **', isThere],
  ['callers forwardAuth cookies', gainsOrOpens],
  ['callers forwardAuth cache', raised(defaultCacheMs.alone)],
  ['callers dpop window', raised(Infinity)],
  ['callers dpop nonce', turnedOff],
  ['browser origins', gains],
  ['browser record', (_, after) => after === 'full'],
  ['listen hosts', gainsOrOpens],
  ['listen trustedProxies', gains],
  ['admin credentials *', appears],
  ['admin credentials * roles', gains],
  ['failedAuthentication limit', raised(Infinity)],
  ['failedAuthentication window', lowered],
  ['connections perAddress', raised(Infinity)],
  ['connections underWay', raised(Infinity)],
  ['connections heldBytes', raised(Infinity)],
  ['connections minRate', lowered],
]

const compiled = comparisons.map(([path, compare]) => ({ pattern: path.split(' '), compare }))

/**
 * Whether a changed setting now lets more through than before.
 *
 * @param path The names on the way to it; a name may hold dots.
 */
export function isLaxer(path: readonly string[], before: unknown, after: unknown): boolean {
  return compiled.some(({ pattern, compare }) => matches(pattern, path) && compare(before, after))
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  const isOpenEnded = pattern.at(-1) === '**'
  const fixed = isOpenEnded ? pattern.slice(0, -1) : pattern
  if (isOpenEnded ? path.length < fixed.length : path.length !== fixed.length) return false
  return fixed.every((name, index) => name === '*' || name === path[index])
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
