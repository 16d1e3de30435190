import { type Dialect, type Dialects, dialects as builtIn } from '@postern/gateways'
import { parseHashRing, type RingEntry } from '../identify/hash-ring.js'
import { callersChoice } from '../police/choices.js'
import { bindingIdentity, describeBinding } from '../resolve/bindings.js'
import type { Secret } from '../secret.js'
import { describeIssue } from './describe-issue.js'
import { type Parts, takeApart } from './parts.js'
import type { Problem } from './problem.js'
import { readSecret, type SecretPlaces } from './read-secret.js'
import { type Config, createConfigSchema, type SecretReference } from './schema.js'

/** A configuration that fits together, with its secrets read. */
export interface CheckedConfig {
  readonly config: Config
  /** Secrets by the path of the setting that refers to them, such as `keys.acme.secret`. */
  readonly secrets: ReadonlyMap<string, Secret>
  readonly ring: readonly RingEntry[]
  /** The dialects that it may speak, by id. */
  readonly dialects: Dialects
}

export interface CheckResult {
  /** Everything that is wrong, and warnings. */
  readonly problems: readonly Problem[]
  /** Present exactly where no problem is an error. */
  readonly checked?: CheckedConfig
}

/** The shortest secret that session tokens may be signed with (RFC 7518, 3.2), in bytes. */
const shortestSessionSecret = 32

/**
 * Checks a configuration as read from its file: its form, that its parts fit each other, and that its secrets are there.
 *
 * @param dialects What `gateways.<name>.dialect` may name. Default the built-in ones; a further gateway is a further record.
 */
export function checkConfig(raw: unknown, places: SecretPlaces, dialects: Dialects = builtIn): CheckResult {
  const problems: Problem[] = []
  const dialectIds = Object.keys(dialects)
  const form = createConfigSchema(dialectIds).safeParse(raw, { reportInput: true })
  if (!form.success) problems.push(...form.error.issues.flatMap(describeIssue))

  const parts = takeApart(raw, dialectIds)
  const secrets = readSecrets(parts, places, problems)
  checkGateways(parts, dialects, problems)
  checkKeys(parts, dialects, secrets, problems)
  checkChoices(parts, dialects, problems)
  checkBindings(parts, problems)
  const ring = checkService(parts, secrets, problems)
  checkSession(parts, secrets, problems)
  if (form.success && parts.service === undefined && parts.session === undefined) {
    problems.push(
      problem('callers', 'names no way to prove who is calling, so everybody is refused.', 'Write callers.service or callers.session.'),
    )
  }
  const usable = form.success && problems.every(({ severity }) => severity !== 'error')
  return usable ? { problems, checked: { config: form.data, secrets, ring, dialects } } : { problems }
}

function readSecrets(parts: Parts, places: SecretPlaces, problems: Problem[]): Map<string, Secret> {
  const references: [path: string, reference: SecretReference][] = []
  for (const { path, part } of parts.keys.values()) {
    references.push([`${path}.secret`, part.secret])
    if (part.providerSecret !== undefined) references.push([`${path}.providerSecret`, part.providerSecret])
  }
  if (parts.service !== undefined) references.push(['callers.service.hashes', parts.service.hashes])
  if (parts.session !== undefined) references.push(['callers.session.secret', parts.session.secret])

  const secrets = new Map<string, Secret>()
  for (const [path, reference] of references) {
    const result = readSecret(reference, places)
    if ('secret' in result) secrets.set(path, result.secret)
    else problems.push(problem(path, result.reason, result.fix))
  }
  return secrets
}

function checkGateways(parts: Parts, dialects: Dialects, problems: Problem[]): void {
  for (const { path, part } of parts.gateways.values()) {
    const dialect = dialects[part.dialect] as Dialect
    if (part.baseURL === undefined) {
      if (dialect.baseURL === undefined)
        problems.push(problem(`${path}.baseURL`, `is missing; ${dialect.id} has no default.`, 'Write the address of the API, with /v1.'))
      continue
    }
    const url = new URL(part.baseURL)
    if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
      problems.push(
        problem(
          `${path}.baseURL`,
          'holds more than scheme, host and path.',
          'Leave out user, password, query and fragment; keys belong under "keys".',
        ),
      )
    }
    if (url.protocol === 'http:' && !isThisMachine(url.hostname)) {
      problems.push({
        ...problem(
          `${path}.baseURL`,
          'sends the gateway key over plain http.',
          'Write https, unless the network in between is yours alone.',
        ),
        severity: 'warning',
      })
    }
  }
}

function checkKeys(parts: Parts, dialects: Dialects, secrets: ReadonlyMap<string, Secret>, problems: Problem[]): void {
  for (const { path, part } of parts.keys.values()) {
    if (!parts.namedGateways.has(part.gateway)) {
      problems.push(
        problem(`${path}.gateway`, `names the gateway "${part.gateway}", which is not there.`, `Write ${oneOf(parts.namedGateways)}.`),
      )
    }
    const gateway = parts.gateways.get(part.gateway)
    if (gateway === undefined) continue
    const dialect = dialects[gateway.part.dialect] as Dialect
    checkDialectNeeds(path, part, dialect, problems)
    checkSecretText(`${path}.secret`, secrets, problems)
    checkSecretText(`${path}.providerSecret`, secrets, problems)
    warnOfOddKey(
      { path: `${path}.secret`, pattern: dialect.keyPattern, whose: dialect.title },
      `Check that it is the right one; its documents call it ${dialect.keyVariable}.`,
      secrets,
      problems,
    )
    warnOfOddKey(
      { path: `${path}.providerSecret`, pattern: dialect.providerCredential?.keyPattern, whose: `a provider behind ${dialect.title}` },
      'Check that it is the right one; the two keys are easily swapped.',
      secrets,
      problems,
    )
  }
}

/** A warning and no more: documents leave room for keys of other forms. */
function warnOfOddKey(
  { path, pattern, whose }: { readonly path: string; readonly pattern: RegExp | undefined; readonly whose: string },
  fix: string,
  secrets: ReadonlyMap<string, Secret>,
  problems: Problem[],
): void {
  const secret = secrets.get(path)
  if (secret === undefined || pattern === undefined || pattern.test(secret.reveal())) return
  problems.push({ ...problem(path, `does not look like a key of ${whose}.`, fix), severity: 'warning' })
}

/** A choice that no configured gateway offers would promise what does not happen. */
function checkChoices(parts: Parts, dialects: Dialects, problems: Problem[]): void {
  const offered = [...parts.gateways.values()].flatMap(({ part }) => Object.entries(dialects[part.dialect]?.choices ?? {}))
  for (const { path, part } of parts.choices) {
    for (const [name, value] of Object.entries(part)) {
      const values = offered.find(([offer]) => offer === name)?.[1].values
      if (values === undefined) {
        const known = new Set(offered.map(([offer]) => offer))
        const fix = known.size === 0 ? 'Remove it.' : `Known here: ${[...known].join(', ')}.`
        problems.push(problem(`${path}.${name}`, 'is a choice that no gateway of this configuration offers.', fix))
      } else if (value !== callersChoice && !values.includes(value)) {
        problems.push(problem(`${path}.${name}`, 'has a value that is not known.', `Write ${[...values, callersChoice].join(', ')}.`))
      }
    }
  }
}

function checkDialectNeeds(path: string, part: Config['keys'][string], dialect: Dialect, problems: Problem[]): void {
  if (dialect.providerCredential !== undefined && part.providerSecret === undefined) {
    problems.push(
      problem(
        `${path}.providerSecret`,
        `is missing; ${dialect.title} takes the provider's key beside its own.`,
        'Write providerSecret: { env: NAME }.',
      ),
    )
  }
  if (dialect.providerCredential === undefined && part.providerSecret !== undefined) {
    problems.push(problem(`${path}.providerSecret`, `is not a thing that ${dialect.title} takes.`, 'Remove it.'))
  }
  if (dialect.project === undefined && part.project !== undefined) {
    problems.push(problem(`${path}.project`, `is not a thing that ${dialect.title} takes.`, 'Remove it.'))
  }
  if (dialect.project !== undefined && (part.project === undefined || !dialect.project.pattern.test(part.project))) {
    problems.push(
      problem(
        `${path}.project`,
        `is missing or not a project id of ${dialect.title}.`,
        'Write 1 to 64 letters, digits, dots, underscores, colons and hyphens.',
      ),
    )
  }
}

/** A header can carry it: visible ASCII without spaces. */
const headerSafe = /^[\x21-\x7e]+$/

function checkSecretText(path: string, secrets: ReadonlyMap<string, Secret>, problems: Problem[]): void {
  const secret = secrets.get(path)
  if (secret !== undefined && !headerSafe.test(secret.reveal())) {
    problems.push(problem(path, 'holds spaces, line breaks or characters that a header cannot carry.', 'Check how it was copied.'))
  }
}

function checkBindings(parts: Parts, problems: Problem[]): void {
  const seen = new Map<string, string>()
  for (const { path, part } of parts.bindings) {
    const named = part.user !== undefined || part.team !== undefined || part.project !== undefined
    if (!parts.namedKeys.has(part.key))
      problems.push(problem(`${path}.key`, `names the key "${part.key}", which is not there.`, `Write ${oneOf(parts.namedKeys)}.`))
    if (named && part.default === true)
      problems.push(
        problem(path, 'is for somebody and for everybody at once.', 'Write "default: true", or user, team and project, not both.'),
      )
    if (!named && part.default !== true)
      problems.push(
        problem(path, 'says not for whom.', 'Name a user, team or project, or write "default: true" if everybody else may use this key.'),
      )
    const identity = bindingIdentity(part)
    const earlier = seen.get(identity)
    if (earlier === undefined) seen.set(identity, path)
    else problems.push(problem(path, `is for the same caller as ${earlier} (${describeBinding(part)}).`, 'Keep one of the two.'))
  }
}

function checkService(parts: Parts, secrets: ReadonlyMap<string, Secret>, problems: Problem[]): readonly RingEntry[] {
  const text = secrets.get('callers.service.hashes')
  if (parts.service === undefined || text === undefined) return []
  const { entries, problems: found } = parseHashRing(text.reveal())
  for (const { position, label, reason, fix } of found) {
    problems.push(problem('callers.service.hashes', `entry ${position}${label === undefined ? '' : ` ("${label}")`} ${reason}.`, fix))
  }
  const labels = new Set(entries.map(({ label }) => label))
  for (const label of Object.keys(parts.service.principals)) {
    if (labels.has(label) || found.some((entry) => entry.label === label)) continue
    problems.push({
      ...problem(
        `callers.service.principals.${label}`,
        'has no credential in the ring, so nobody can be this caller.',
        'Add one with "postern callers add", or remove the principal.',
      ),
      severity: 'warning',
    })
  }
  for (const label of labels) {
    if (Object.hasOwn(parts.service.principals, label)) continue
    problems.push({
      ...problem(
        'callers.service.principals',
        `does not say who "${label}" is, so only a default binding can give that caller a key.`,
        `Write ${label}: { team: … }.`,
      ),
      severity: 'warning',
    })
  }
  return entries
}

function checkSession({ session }: Parts, secrets: ReadonlyMap<string, Secret>, problems: Problem[]): void {
  if (session !== undefined && session.ttl > session.maxTtl) {
    problems.push(
      problem(
        'callers.session.ttl',
        'is longer than callers.session.maxTtl, so such tokens would be refused.',
        'Write a shorter time, or a longer maxTtl.',
      ),
    )
  }
  const secret = secrets.get('callers.session.secret')
  if (secret !== undefined && Buffer.byteLength(secret.reveal()) < shortestSessionSecret) {
    problems.push(
      problem(
        'callers.session.secret',
        `is shorter than ${shortestSessionSecret} bytes.`,
        "Make one with: node -e \"console.log(require('crypto').randomBytes(32).toString('base64url'))\"",
      ),
    )
  }
}

function isThisMachine(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')
}

function oneOf(names: ReadonlySet<string>): string {
  return names.size === 0 ? 'it first' : [...names].map((each) => `"${each}"`).join(' or ')
}

function problem(path: string, reason: string, fix: string): Problem {
  return { path, reason, fix, severity: 'error' }
}
