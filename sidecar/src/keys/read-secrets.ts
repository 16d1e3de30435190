import type { CheckedConfig, GivenKey, Problem } from '@postern/config'
import type { Secret } from '@postern/ports'
import { Failure } from '../failure.js'
import { readNewSecret } from './read-new-secret.js'

/** The options that say where the secrets of a key are read from. */
export interface SecretOptions {
  readonly secretEnv?: string
  readonly secretFile?: string
  readonly providerEnv?: string
  readonly providerFile?: string
}

/** The key whose secrets are read. */
export interface KeyToRead {
  readonly alias: string
  readonly gateway: string
  readonly project?: string | undefined
  /** What a person is asked for: `the key of acme`. */
  readonly label: string
  /** Whether the key has a provider's key as well. */
  readonly hasProvider: boolean
  readonly currency?: string | undefined
}

/** The secrets of a key. */
export interface ReadSecrets {
  readonly secret: Secret
  readonly providerSecret: Secret | undefined
}

/**
 * Reads the secrets of a key, and checks the key.
 *
 * @param check The rules of the ring: for a new key, or for a secret that replaces another.
 *
 * @throws {Failure} if a secret is missing, or the ring does not take the key.
 */
export async function readSecrets(
  { alias, gateway, project, currency, label, hasProvider }: KeyToRead,
  options: SecretOptions,
  checked: CheckedConfig,
  check: (key: GivenKey, checked: CheckedConfig) => readonly Problem[],
): Promise<ReadSecrets> {
  const secret = await readNewSecret(label, { env: options.secretEnv, file: options.secretFile })
  const providerSecret = hasProvider
    ? await readNewSecret(`the provider's key of ${alias}`, { env: options.providerEnv, file: options.providerFile })
    : undefined
  const [problem] = check({ alias, gateway, project, currency, secret, providerSecret }, checked)
  if (problem !== undefined) throw new Failure(`${problem.path} ${problem.reason}\n${problem.fix}`)
  return { secret, providerSecret }
}
