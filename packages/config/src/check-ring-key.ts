import type { Dialect } from '@postern/gateways'
import type { Secret } from '@postern/ports'
import type { CheckedConfig } from './check-config.js'
import { checkDialectNeeds, checkSecretText, shortestKey } from './check-keys.js'
import { oneOf, type Problem, problem } from './problem.js'
import { aliasForm } from './schema-parts.js'

/** A key that the operator asks to add to the ring, before it was checked. */
export interface GivenKey {
  readonly alias: string
  readonly gateway: string
  readonly project?: string | undefined
  readonly secret: Secret
  readonly providerSecret?: Secret | undefined
}

/**
 * Checks a key for the ring by the rules for keys of the configuration. Returns errors and no warnings: an import may bring a million keys,
 * and an operator cannot read a million warnings.
 */
export function checkRingKey({ alias, gateway, ...key }: GivenKey, { config, dialects }: CheckedConfig): readonly Problem[] {
  const problems: Problem[] = []
  if (!aliasForm.test(alias))
    problems.push(problem('alias', 'is not a name.', 'Use 1 to 64 letters, digits, dots, underscores and hyphens.'))
  if (Object.hasOwn(config.keys, alias))
    problems.push(problem('alias', 'is that of a key of the configuration.', 'Give the key of the ring another name.'))
  const settings = Object.hasOwn(config.gateways, gateway) ? config.gateways[gateway] : undefined
  if (settings === undefined) {
    problems.push(
      problem('gateway', 'names a gateway that is not in the configuration.', `Write ${oneOf(new Set(Object.keys(config.gateways)))}.`),
    )
    return problems
  }
  checkDialectNeeds('key', key, dialects[settings.dialect] as Dialect, problems)
  // The keys of all tenants are searched for in every log line, so a short one of one tenant would redact the lines of the others.
  checkSecretText('secret', key.secret, problems, shortestKey)
  checkSecretText('providerSecret', key.providerSecret, problems, shortestKey)
  return problems.filter(({ severity }) => severity === 'error')
}
