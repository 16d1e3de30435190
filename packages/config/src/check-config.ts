import { resolve } from 'node:path'
import { type Dialects, dialects as builtIn } from '@postern/gateways'
import { createRedactor, type ProxyOf, type RingEntry, searchedSecrets, Secret } from '@postern/ports'
import { checkBackend } from './check-backend.js'
import { checkAnyBinding, checkBindings } from './check-bindings.js'
import { checkAdmin, checkCallers, checkIssuers, checkService, checkSession } from './check-callers.js'
import { checkChoices } from './check-choices.js'
import { checkEndpoints } from './check-endpoints.js'
import { checkGateways } from './check-gateways.js'
import { checkKeys } from './check-keys.js'
import { checkSharing } from './check-sharing.js'
import { checkMount } from './check-mount.js'
import { checkPassHeaders } from './check-pass-headers.js'
import { checkPolicies } from './check-policies.js'
import { checkProxies } from './check-proxies.js'
import { checkStore } from './check-store.js'
import { describeIssue } from './describe-issue.js'
import { type Parts, readSections } from './lenient-sections.js'
import { type Problem, problem, warning } from './problem.js'
import { readProxies } from './proxies.js'
import { readSecret, type SecretPlaces } from './read-secret.js'
import { type Config, createConfigSchema } from './schema.js'
import type { SecretReference } from './schema-parts.js'
import { sessionSecretReferences } from './session-secrets.js'

/** A configuration without errors, with its secrets read. */
export interface CheckedConfig {
  readonly config: Config
  /** Secrets by the path of the setting that refers to them, such as `keys.acme.secret`. */
  readonly secrets: ReadonlyMap<string, Secret>
  /** The files that secrets were read from, as absolute paths. */
  readonly secretFiles: readonly string[]
  /** The entries of `callers.service.hashes`. */
  readonly ring: readonly RingEntry[]
  /** The known dialects, by id. */
  readonly dialects: Dialects
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
  const form = createConfigSchema(dialectIds).safeParse(raw, { reportInput: true })
  if (!form.success) problems.push(...form.error.issues.flatMap(describeIssue))

  const parts = readSections(raw, dialectIds)
  const references = referencesIn(parts)
  const secrets = readSecrets(references, places, problems)
  checkGateways(parts, dialects, problems)
  checkEndpoints(parts, dialects, problems)
  checkPassHeaders(parts, dialects, problems)
  checkKeys(parts, dialects, secrets, problems)
  checkChoices(parts, dialects, problems)
  checkBindings(parts, problems)
  checkPolicies(parts, dialects, problems)
  checkSharing(parts, dialects, secrets, problems)
  const proxies = readProxies(places.env)
  for (const [variable, password] of proxies.passwords) if (password.length >= shortestSearched) secrets.set(variable, new Secret(password))
  const ring = checkService(parts, secrets, problems)
  checkSession(parts, secrets, problems)
  checkAdmin(parts, secrets, ring, problems)
  if (form.success) {
    checkAnyBinding(form.data, problems)
    checkCallers(form.data, problems)
    checkIssuers(form.data, problems)
    checkStore(form.data, secrets, places, problems)
    checkMount(form.data, problems)
    checkBackend(form.data, secrets, problems)
    checkProxies(form.data, dialects, proxies, problems)
  }
  const usable = form.success && problems.every(({ severity }) => severity !== 'error')
  const told = tellable(problems, secrets)
  const { proxyOf } = proxies
  const secretFiles = filesOf(references, places)
  if (!usable) return { problems: told, secretFiles }
  return { problems: told, secretFiles, checked: { config: form.data, secrets, secretFiles, ring, dialects, proxyOf } }
}

/** Secrets below this length are not redacted in problems, in characters: words of the problem could hold them. */
const shortestSearched = 8

/**
 * Redacts all problems before a command shows them. A problem repeats names of settings, variables, files and aliases from
 * the configuration, and the operator may have pasted a key in the place of such a name.
 */
function tellable(problems: readonly Problem[], secrets: ReadonlyMap<string, Secret>): readonly Problem[] {
  const { redact } = createRedactor(searchedSecrets(secrets), shortestSearched)
  return problems.map(({ path, reason, fix, severity }) => ({ path: redact(path), reason: redact(reason), fix: redact(fix), severity }))
}

/** The fix for a missing ring: a command makes the ring, not the operator. */
const ringFix = 'Make it with "postern callers add <label>", which prints a credential once and writes its hash there, or says what to set.'

type References = readonly (readonly [path: string, reference: SecretReference])[]

function filesOf(references: References, { directory }: SecretPlaces): readonly string[] {
  return references.flatMap(([, reference]) => ('file' in reference ? [resolve(directory, reference.file)] : []))
}

function referencesIn(parts: Parts): References {
  const references: (readonly [path: string, reference: SecretReference])[] = []
  for (const { path, part } of parts.keys.values()) {
    references.push([`${path}.secret`, part.secret])
    if (part.providerSecret !== undefined) references.push([`${path}.providerSecret`, part.providerSecret])
  }
  if (parts.service !== undefined) references.push(['callers.service.hashes', parts.service.hashes])
  references.push(...sessionSecretReferences(parts.session))
  if (parts.backend?.identity?.key !== undefined) references.push(['backend.identity.key', parts.backend.identity.key])
  if (parts.admin?.secret !== undefined) references.push(['admin.secret', parts.admin.secret])
  if (typeof parts.store?.redis === 'object') references.push(['store.redis', parts.store.redis])
  return references
}

function readSecrets(references: References, places: SecretPlaces, problems: Problem[]): Map<string, Secret> {
  const secrets = new Map<string, Secret>()
  for (const [path, reference] of references) {
    const tell = places.isOptional?.(path) === true ? warning : problem
    const result = readSecret(reference, places)
    if ('secret' in result) secrets.set(path, result.secret)
    else problems.push(tell(path, result.reason, path === 'callers.service.hashes' ? ringFix : result.fix))
  }
  return secrets
}
