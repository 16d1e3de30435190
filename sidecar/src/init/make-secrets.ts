import { hash, randomBytes } from 'node:crypto'
import { issueKey } from '@postern/emulator'
import { type EmulatedGateway, EMULATED_GATEWAYS } from '@postern/emulator/gateways'
import { type Dialect, dialects } from '@postern/gateways'
import type { InitChoices } from './init-choices.js'
import { callerLabel, providerVariable, ringVariable, sessionVariable } from './variables.js'

/** The variables of a new configuration. */
export interface InitSecrets {
  /** The variables that the operator has to fill in: keys of a gateway that is not emulated. */
  readonly fillIn: readonly string[]
  /** The variables whose values were made here. */
  readonly made: Readonly<Record<string, string>>
  /** The credential of the first service caller. Only its hash is in `made`. */
  readonly credential: string | undefined
}

/** Makes the secrets of a new configuration: a hash ring with one caller, or a secret of sessions, each of 32 random bytes. */
export function makeSecrets({ dialect: id, callers, emulated }: InitChoices): InitSecrets {
  const dialect: Dialect = dialects[id]
  const variables = [dialect.keyVariable, ...(dialect.providerCredential === undefined ? [] : [providerVariable])]
  const gateway = emulated ? EMULATED_GATEWAYS.find((known) => known === id) : undefined
  const fillIn = gateway === undefined ? variables : []
  const keys = gateway === undefined ? {} : issuedKeys(gateway, variables)
  if (callers !== 'service')
    return { fillIn, made: { ...keys, [sessionVariable]: randomBytes(32).toString('base64url') }, credential: undefined }
  const credential = `pst_${randomBytes(32).toString('base64url')}`
  return { fillIn, made: { ...keys, [ringVariable]: `${callerLabel}:${hash('sha256', credential)}` }, credential }
}

function issuedKeys(gateway: EmulatedGateway, variables: readonly string[]): Record<string, string> {
  const { secret, providerSecret } = issueKey(gateway)
  const values = [secret, providerSecret]
  return Object.fromEntries(variables.map((name, index) => [name, values[index] ?? '']))
}
