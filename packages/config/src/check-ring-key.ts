import type { Dialect } from '@postern/gateways'
import { readUnit, type Secret } from '@postern/ports'
import type { CheckedConfig } from './check-config.js'
import { checkDialectNeeds, checkSecretText, shortestKey } from './check-keys.js'
import { oneOf, type Problem, problem } from './problem.js'
import { aliasFault } from './schema-parts.js'

/**
 * Maximum length of a secret of the ring, in characters; half of it if the key has a provider's key too. A row of the ring has 16 KiB, and
 * must hold the secrets of a key twice, sealed, while they are rotated.
 */
const mostRingKeyChars = 4096

/** A key that the operator asks to add to the ring, before it was checked. */
export interface GivenKey {
  readonly alias: string
  readonly gateway: string
  readonly project?: string | undefined
  /** What its account is debited in: `credits` or a currency of ISO 4217. */
  readonly currency?: string | undefined
  readonly secret: Secret
  readonly providerSecret?: Secret | undefined
}

/**
 * Checks a key for the ring by the rules for keys of the configuration. Returns errors and no warnings: an import may bring a million keys,
 * and an operator cannot read a million warnings.
 */
export function checkRingKey(given: GivenKey, checked: CheckedConfig): readonly Problem[] {
  const problems: Problem[] = []
  const fault = aliasFault(given.alias)
  if (fault !== undefined) problems.push(problem('alias', `${fault.reason}.`, fault.fix))
  if (Object.hasOwn(checked.config.keys, given.alias))
    problems.push(problem('alias', 'is that of a key of the configuration.', 'Give the key of the ring another name.'))
  return [...problems, ...checkRingSecret(given, checked)]
}

/** Checks a key whose secret is replaced: all but its name, under which the ring has it. */
export function checkRingSecret({ gateway, ...key }: GivenKey, { config, dialects }: CheckedConfig): readonly Problem[] {
  const problems: Problem[] = []
  if (key.currency !== undefined && readUnit(key.currency) !== key.currency)
    problems.push(problem('currency', 'is neither credits nor a currency of ISO 4217.', 'Write credits, USD, TRY …'))
  const settings = Object.hasOwn(config.gateways, gateway) ? config.gateways[gateway] : undefined
  if (settings === undefined) {
    problems.push(
      problem('gateway', 'names a gateway that is not in the configuration.', `Write ${oneOf(new Set(Object.keys(config.gateways)))}.`),
    )
    return problems
  }
  checkDialectNeeds({ path: 'key' }, key, dialects[settings.dialect] as Dialect, problems)
  // The keys of all tenants are searched for in every log line, so a short one of one tenant would redact the lines of the others.
  const length = { fewestChars: shortestKey, mostChars: key.providerSecret === undefined ? mostRingKeyChars : mostRingKeyChars / 2 }
  checkSecretText('secret', key.secret, problems, length)
  checkSecretText('providerSecret', key.providerSecret, problems, length)
  return problems.filter(({ severity }) => severity === 'error')
}
