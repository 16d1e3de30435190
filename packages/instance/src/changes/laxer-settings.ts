import { isDeepStrictEqual } from 'node:util'
import { type CheckedConfig, processesOf } from '@postern/config'
import { defaultCacheMs, defaultLongestWaitMs, defaultMaxBodyBytes } from '../compile/defaults.js'

/** The two configurations, and the setting that they have differently. */
export interface ChangedSetting {
  /** The names on the way to it; a name may hold dots. */
  readonly path: readonly string[]
  readonly earlier: CheckedConfig
  readonly later: CheckedConfig
}

/** Whether a setting with the value `after` lets nothing through that it did not with `before`; `undefined`: it is not there. */
type Proof = (before: unknown, after: unknown, setting: ChangedSetting) => boolean

const goes: Proof = (_, after) => after === undefined
const isOffNow: Proof = (_, after) => after !== true
const isNotTurnedOff: Proof = (before, after) => before !== true || after === true
const becomes =
  (value: string): Proof =>
  (_, after) =>
    after === value
const was =
  (value: string | undefined): Proof =>
  (before) =>
    before === value
/** A bound from above. `ifNone` is what holds without the setting. */
const isLowered =
  (ifNone: number): Proof =>
  (before, after) =>
    number(after, ifNone) <= number(before, ifNone)
/** A bound from below, or a time in which something is counted. */
const isRaised: Proof = (before, after) => number(after, 0) >= number(before, 0)
/** A list of what is allowed. */
const losesOnly: Proof = (before, after) => isWithin(textsOf(after), textsOf(before))
/** A list of what is demanded. */
const gainsOnly: Proof = (before, after) => isWithin(textsOf(before), textsOf(after))
/** A list of what is allowed, where everything is allowed without the list, or with an empty one. */
const restrictsMore: Proof = (before, after, setting) => isOpen(before) || (!isOpen(after) && losesOnly(before, after, setting))

/** A rule may allow a larger body than the default, so without `policies.body` the limit may be higher than any default. */
const isLowerBody: Proof = (before, after) => number(after, Infinity) <= number(before, defaultMaxBodyBytes)

/** Without an entry of its own, the answers of a backend are kept for another time where there are several processes. */
const isCachedForLess: Proof = (before, after, setting) => {
  const { config } = setting.later
  return isLowered(processesOf(config) > 1 ? defaultCacheMs.beside : defaultCacheMs.alone)(before, after, setting)
}

/** Each rule that applies narrows; but of several choices the last one counts, and a body is compared with the usual limit. */
const rulesOnlyCome: Proof = (before, after, { later }) => {
  const [known, now] = [textsOf(before), textsOf(after)]
  const limit = later.config.policies.body ?? defaultMaxBodyBytes
  const isKnown = new Set(known)
  const come = list(after).filter((_, index) => !isKnown.has(now[index] as string))
  if (!come.every((rule) => !chooses(rule) && number(member(rule, 'body'), 0) <= limit)) return false
  if (!list(after).some(chooses)) return isWithin(known, now)
  return isDeepStrictEqual(
    now.filter((rule) => isKnown.has(rule)),
    known,
  )
}

/** Every rule of before is there with the same count, and allows no more; further rules only hold calls back. */
const limitsOnlyNarrow: Proof = (before, after) =>
  (list(before) as LimitRules).every((known) => (list(after) as LimitRules).some((now) => isWithinLimit(now, known)))

type LimitRules = NonNullable<CheckedConfig['config']['limits']>['rules']

function isWithinLimit(now: LimitRules[number], known: LimitRules[number]): boolean {
  const { requests, tokens, spend, streams, onUnavailable, ...counted } = known
  const { requests: _, tokens: __, spend: ___, streams: ____, onUnavailable: stance, ...nowCounted } = now
  return (
    isDeepStrictEqual(nowCounted, counted) &&
    (stance === onUnavailable || stance === 'refuse') &&
    number(now.requests, Infinity) <= number(requests, Infinity) &&
    number(now.tokens, Infinity) <= number(tokens, Infinity) &&
    number(now.streams, Infinity) <= number(streams, Infinity) &&
    (spend === undefined || (now.spend?.unit === spend.unit && now.spend.amount <= spend.amount))
  )
}

/** Without its principal a service caller is of no team: the rules of its team no longer hold for it. */
const isNobodyNow: Proof = (_, after, { path, later }) => after === undefined && !later.ring.some(({ label }) => label === path.at(-1))

/** Below an opened endpoint that goes, another one may have lain that asks for less. */
const hidNothing: Proof = (_, after, { path, earlier, later }) => {
  const [, name = '', , endpoint = ''] = path
  const [gateway, known] = [later.config.gateways[name], earlier.config.gateways[name]]
  if (after !== undefined || gateway === undefined || gateway.dialect !== known?.dialect) return false
  const listed = later.dialects[gateway.dialect]?.endpoints ?? {}
  return ![...Object.keys(listed), ...Object.keys(gateway.endpoints)].some((other) => overlap(other, endpoint))
}

/** Changes that are proven to narrow, by the path of their setting: `*` stands for any name. */
const proofs: readonly (readonly [path: string, narrows: Proof])[] = [
  ['policies models', restrictsMore],
  ['policies endpoints', restrictsMore],
  ['policies maxTokens', isLowered(Infinity)],
  ['policies body', isLowerBody],
  ['policies pinUser', isNotTurnedOff],
  ['policies require', gainsOnly],
  // Who may choose may also choose what is now written.
  ['policies choices *', was('caller')],
  ['policies rules', rulesOnlyCome],
  ['limits', was(undefined)],
  ['limits rules', limitsOnlyNarrow],
  ['limits onUnavailable', becomes('refuse')],
  ['limits unpriced', becomes('refuse')],
  ['limits unreported', becomes('assume')],
  ['keys *', goes],
  ['keys * shared', isOffNow],
  ['keySources cache', isLowered(Infinity)],
  ['keySources stale', isLowered(0)],
  ['vault redirects', losesOnly],
  ['gateways *', goes],
  ['gateways * passHeaders', losesOnly],
  ['gateways * endMark', becomes('required')],
  ['gateways * endpoints *', hidNothing],
  ['gateways * endpoints * ceiling', goes],
  ['gateways * endpoints * media', isOffNow],
  ['gateways * addressLimit', was('off')],
  ['gateways * addressLimit burst', isLowered(Infinity)],
  ['gateways * addressLimit perMinute', isLowered(Infinity)],
  ['gateways * addressLimit longestWait', isLowered(defaultLongestWaitMs)],
  // Whoever comes without a credential could do so before.
  ['callers session', goes],
  ['callers forwardAuth', goes],
  ['callers service', goes],
  ['callers anonymous', goes],
  ['callers jwt', losesOnly],
  ['callers session maxTtl', isLowered(Infinity)],
  ['callers session ttl', isLowered(Infinity)],
  ['callers session exchange', becomes('off')],
  ['callers session exchange limit', isLowered(Infinity)],
  ['callers session exchange window', isRaised],
  ['callers session jwks', goes],
  ['callers service principals *', isNobodyNow],
  ['callers service principals * delegate', isOffNow],
  ['callers anonymous limit', isLowered(Infinity)],
  ['callers anonymous window', isRaised],
  ['callers forwardAuth cache', isCachedForLess],
  ['callers dpop window', isLowered(Infinity)],
  ['callers dpop nonce', isNotTurnedOff],
  ['backend identity ttl', isLowered(Infinity)],
  ['admin credentials *', goes],
  ['admin credentials * roles', losesOnly],
  ['browser origins', losesOnly],
  ['browser record', becomes('public')],
  ['listen hosts', restrictsMore],
  ['listen trustedProxies', losesOnly],
  ['failedAuthentication limit', isLowered(Infinity)],
  ['failedAuthentication window', isRaised],
  ['connections perAddress', isLowered(Infinity)],
  ['connections underWay', isLowered(Infinity)],
  ['connections heldBytes', isLowered(Infinity)],
  ['connections minRate', isRaised],
]

/** Settings that have no say in what is let through; `**` stands for any names, or none. */
export const neutralSettings: readonly string[] = [
  'version',
  'listen port',
  'listen keepAlive',
  'backend timeouts **',
  'backend connections',
  'browser hsts **',
  'gateways * attempts',
  'gateways * timeouts **',
  'callers forwardAuth timeout',
  'reload watch',
  'log access',
  'shutdown deadline',
  // Where a secret is read; what it is, is compared by itself.
  'keys * secret *',
  'keys * providerSecret *',
  // They are told to operators, and hold nothing back.
  'keys * expires',
  'keys * rotateAfter',
  'keys * rotated',
  'keySources poll',
  'vault token *',
  'vault appRole secretId *',
  'callers service hashes *',
  'backend identity key *',
  'admin secret *',
  'admin credentials * hash',
  'store redis *',
  'store postgres *',
  'ledger postgres *',
]

/** The settings of which some changes are proven to narrow. */
export const provenSettings: readonly string[] = proofs.map(([path]) => path)

const neutral = neutralSettings.map((path) => path.split(' '))
const compiled = proofs.map(([path, narrows]) => ({ pattern: path.split(' '), narrows }))

/**
 * Whether a changed setting may let more through than before. It may, unless the setting has no say in that or the change is
 * proven to narrow: what a setting does may depend on others, on the order in a list, or on what holds without it.
 */
export function isLaxer(setting: ChangedSetting, before: unknown, after: unknown): boolean {
  const { path } = setting
  if (neutral.some((pattern) => matches(pattern, path))) return false
  return !compiled.some(({ pattern, narrows }) => matches(pattern, path) && narrows(before, after, setting))
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  const isOpenEnded = pattern.at(-1) === '**'
  const fixed = isOpenEnded ? pattern.slice(0, -1) : pattern
  if (isOpenEnded ? path.length < fixed.length : path.length !== fixed.length) return false
  return fixed.every((name, index) => name === '*' || name === path[index])
}

/** Whether two endpoints have a path in common. */
function overlap(one: string, other: string): boolean {
  const [segments, others] = [one.split('/'), other.split('/')]
  const isParameter = (segment: string | undefined): boolean => segment?.startsWith('{') === true
  return (
    segments.length === others.length &&
    segments.every((segment, index) => segment === others[index] || isParameter(segment) || isParameter(others[index]))
  )
}

function number(value: unknown, ifNone: number): number {
  return typeof value === 'number' ? value : ifNone
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** One text for each entry of a list, equal for equal entries. */
function textsOf(value: unknown): readonly string[] {
  return list(value).map((entry) => JSON.stringify(entry))
}

function isWithin(some: readonly string[], all: readonly string[]): boolean {
  const known = new Set(all)
  return some.every((text) => known.has(text))
}

function chooses(rule: unknown): boolean {
  return member(rule, 'choices') !== undefined
}

function member(value: unknown, name: 'body' | 'choices'): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined
}

function isOpen(value: unknown): boolean {
  return list(value).length === 0
}
