import { type Dialects, dialects as builtIn } from '@postern/gateways'
import { createRedactor, type PriceFile, type ProxyOf, type RingEntry, searchedSecrets, Secret } from '@postern/ports'
import type { z } from 'zod'
import { checkBackend } from './check-backend.js'
import { checkBoundLabels } from './check-bound-labels.js'
import { checkAnyBinding, checkBindings } from './check-bindings.js'
import { checkAdmin, checkCallers, checkIssuers, checkService, checkSession } from './check-callers.js'
import { checkChoices } from './check-choices.js'
import { checkEndpoints } from './check-endpoints.js'
import { checkGateways } from './check-gateways.js'
import { checkKeyDates } from './check-key-dates.js'
import { checkKeySources, checkPolling } from './check-key-sources.js'
import { checkKeyRing } from './check-key-ring.js'
import { checkKeys } from './check-keys.js'
import { checkSharing } from './check-sharing.js'
import { checkMemberNames } from './check-member-names.js'
import { checkMount } from './check-mount.js'
import { checkPassHeaders } from './check-pass-headers.js'
import { checkLedger } from './check-ledger.js'
import { checkLimits, checkSpend, warnOfHolding } from './check-limits.js'
import { checkPolicies } from './check-policies.js'
import { checkPrices } from './check-prices.js'
import { checkProxies } from './check-proxies.js'
import { checkStore } from './check-store.js'
import { checkWorkers } from './check-workers.js'
import { describeIssue } from './describe-issue.js'
import { type Parts, readSections } from './lenient-sections.js'
import { joinEntries, type PlainEntries, readPlainEntries } from './plain-entries.js'
import type { Problem } from './problem.js'
import { readProxies } from './proxies.js'
import type { SecretPlaces } from './read-secret.js'
import { filesOf, readSecrets, referencesIn, variablesOf } from './read-secrets.js'
import { type Config, createConfigSchema } from './schema.js'
import { findTenants, type Tenants } from './tenants.js'

/** A configuration without errors, with its secrets read. */
export interface CheckedConfig {
  readonly config: Config
  /** Secrets by the path of the setting that refers to them, such as `keys.acme.secret`. */
  readonly secrets: ReadonlyMap<string, Secret>
  /** Who uses the account of each key, by its alias. */
  readonly tenants: ReadonlyMap<string, Tenants>
  /** The files that secrets were read from, as absolute paths. */
  readonly secretFiles: readonly string[]
  /** The variables that secrets were read from, each once for every place that names it. */
  readonly secretVariables: readonly string[]
  /** The entries of `callers.service.hashes`. */
  readonly ring: readonly RingEntry[]
  /** What calls cost, from the file that `limits.prices` names or from that setting itself; `undefined`: it is not set. */
  readonly prices: PriceFile | undefined
  /** The known dialects, by id. */
  readonly dialects: Dialects
  /** The folder that relative paths start from. */
  readonly directory: string
  /** Returns the proxy for a URL, by the variables `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`. */
  readonly proxyOf: ProxyOf
}

/** The result of {@link checkConfig}. */
export interface CheckResult {
  /** All errors and warnings, with secrets redacted. */
  readonly problems: readonly Problem[]
  /** Present exactly if no problem is an error. */
  readonly checked?: CheckedConfig
  /** The files that it names for secrets, as absolute paths, whether or not they could be read. */
  readonly secretFiles: readonly string[]
}

/**
 * Checks a configuration: the form of each setting, that the parts fit each other, and that the secrets are there. Reads
 * environment variables and files of secrets, and has no other side effects. Never throws for a wrong configuration.
 *
 * @param raw The parsed configuration file.
 * @param places Where secrets are read.
 * @param dialects The dialects that `gateways.<name>.dialect` may name, by id. Default: the built-in ones.
 */
export function checkConfig(raw: unknown, places: SecretPlaces, dialects: Dialects = builtIn): CheckResult {
  const problems: Problem[] = []
  const dialectIds = Object.keys(dialects)
  const plain = readPlainEntries(raw)
  const form = createConfigSchema(dialectIds).safeParse(plain.rest, { reportInput: true })
  checkMemberNames(raw, problems)
  if (!form.success) for (const issue of form.error.issues) problems.push(...describeIssue(inPlace(issue, plain)))
  const config = form.success ? joinEntries(plain, form.data, raw) : undefined

  const parts = readSections(raw, dialectIds, plain, config)
  const references = referencesIn(parts)
  const secrets = readSecrets(parts, references, places, problems)
  checkGateways(parts, dialects, problems)
  checkEndpoints(parts, dialects, problems)
  checkPassHeaders(parts, dialects, problems)
  checkKeys(parts, dialects, problems)
  checkKeyDates(parts, places, problems)
  checkKeySources(parts, secrets, problems)
  checkChoices(parts, dialects, problems)
  checkBindings(parts, problems)
  checkPolicies(parts, dialects, problems)
  const tenants = findTenants(parts.keys, parts.bindings, delegatesOf(parts))
  checkSharing(parts, dialects, tenants, problems)
  const proxies = readProxies(places.env)
  for (const [variable, password] of proxies.passwords) if (password.length >= shortestSearched) secrets.set(variable, new Secret(password))
  const ring = checkService(parts, secrets, problems)
  checkBoundLabels(parts, secrets, ring, problems)
  checkSession(parts, secrets, problems)
  checkAdmin(parts, secrets, ring, problems)
  const prices = checkPrices(raw, config, places.readPrices, problems)
  if (config !== undefined) {
    checkAnyBinding(config, problems)
    checkCallers(config, problems)
    checkIssuers(config, problems)
    checkStore(config, secrets, places, problems)
    checkKeyRing(config, secrets, problems)
    checkLedger(config, secrets, places, problems)
    checkLimits(config, problems)
    warnOfHolding(config, problems)
    if (prices !== undefined || config.limits?.prices === undefined) checkSpend(config, prices, problems)
    checkPolling(config, problems)
    checkMount(config, problems)
    checkBackend(config, secrets, problems)
    checkProxies(config, dialects, proxies, problems)
    checkWorkers(config, problems)
  }
  const usable = problems.every(({ severity }) => severity !== 'error')
  const told = tellable(problems, secrets)
  const { proxyOf } = proxies
  const secretFiles = filesOf(parts, references, places)
  if (config === undefined || !usable) return { problems: told, secretFiles }
  return {
    problems: told,
    secretFiles,
    checked: {
      config,
      secrets,
      tenants,
      secretFiles,
      secretVariables: variablesOf(parts, references),
      ring,
      prices,
      dialects,
      directory: places.directory,
      proxyOf,
    },
  }
}

/** The labels of service callers who may call for others. */
function delegatesOf({ service }: Pick<Parts, 'service'>): ReadonlySet<string> {
  const principals = Object.entries(service?.principals ?? {})
  return new Set(principals.filter(([, { delegate }]) => delegate).map(([label]) => label))
}

/** The issue with the number that a binding has in the whole configuration. */
function inPlace(issue: z.core.$ZodIssue, { numbers }: PlainEntries): z.core.$ZodIssue {
  const [section, number, ...inner] = issue.path
  if (section !== 'bindings' || typeof number !== 'number') return issue
  return { ...issue, path: [section, numbers[number] ?? number, ...inner] }
}

/** Secrets below this length are not redacted in problems, in characters: words of the problem could hold them. */
const shortestSearched = 8

/**
 * Redacts all problems before a command shows them. A problem repeats names of settings, variables, files and aliases from
 * the configuration, and the operator may have pasted a key in the place of such a name.
 */
function tellable(problems: readonly Problem[], secrets: ReadonlyMap<string, Secret>): readonly Problem[] {
  if (problems.length === 0) return []
  const { redact } = createRedactor(searchedSecrets(secrets), shortestSearched)
  // 100,000 keys may have the same fault, with the same words.
  const known = new Map<string, string>()
  const redactOnce = (text: string): string => {
    const clean = known.get(text) ?? redact(text)
    known.set(text, clean)
    return clean
  }
  return problems.map(({ path, reason, fix, severity }) => ({
    path: redact(path),
    reason: redactOnce(reason),
    fix: redactOnce(fix),
    severity,
  }))
}
