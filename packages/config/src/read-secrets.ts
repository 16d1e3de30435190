import { resolve } from 'node:path'
import { type Secret, SecretsByPath } from '@postern/ports'
import { masterKeyPath } from './check-key-ring.js'
import { isKeySource, type KeySecretReference } from './key-source-schemas.js'
import type { Parts } from './lenient-sections.js'
import { type Problem, problem, warning } from './problem.js'
import { readSecret, type SecretPlaces } from './read-secret.js'
import type { SecretReference } from './schema-parts.js'
import { sessionSecretReferences } from './session-secrets.js'

/** The fix for a missing ring: a command makes the ring, not the operator. */
const ringFix = 'Make it with "postern callers add <label>", which prints a credential once and writes its hash there, or says what to set.'

type Reference = readonly [path: string, reference: SecretReference]
type References = readonly Reference[]

/** The files that secrets are read from, as absolute paths. */
export function filesOf({ keys }: Parts, references: References, { directory }: SecretPlaces): readonly string[] {
  const files: string[] = []
  const add = (reference: KeySecretReference | undefined): void => {
    if (reference !== undefined && 'file' in reference) files.push(resolve(directory, reference.file))
  }
  for (const { part } of keys.values()) {
    add(part.secret)
    add(part.providerSecret)
  }
  for (const [, reference] of references) add(reference)
  return files
}

/** The variables that secrets are read from. */
export function variablesOf({ keys }: Parts, references: References): readonly string[] {
  const variables: string[] = []
  const add = (reference: KeySecretReference | undefined): void => {
    if (reference !== undefined && 'env' in reference) variables.push(reference.env)
  }
  for (const { part } of keys.values()) {
    add(part.secret)
    add(part.providerSecret)
  }
  for (const [, reference] of references) add(reference)
  return variables
}

/** All references to secrets but those of keys themselves: what sources of keys need is among them. */
export function referencesIn(parts: Parts): References {
  const references: Reference[] = []
  if (parts.service !== undefined) references.push(['callers.service.hashes', parts.service.hashes])
  references.push(...sessionSecretReferences(parts.session))
  if (parts.backend?.identity?.key !== undefined) references.push(['backend.identity.key', parts.backend.identity.key])
  if (parts.admin?.secret !== undefined) references.push(['admin.secret', parts.admin.secret])
  if (typeof parts.store?.redis === 'object') references.push(['store.redis', parts.store.redis])
  if (typeof parts.store?.postgres === 'object') references.push(['store.postgres', parts.store.postgres])
  if (typeof parts.ledger?.postgres === 'object') references.push(['ledger.postgres', parts.ledger.postgres])
  references.push(...referencesOfVault(parts.vault))
  for (const [index, { secret }] of (parts.keyRing?.masterKeys ?? []).entries()) references.push([masterKeyPath(index), secret])
  for (const key of parts.keys.values()) {
    const { secret, providerSecret } = key.part
    if (isKeySource(secret)) references.push(...referencesOfSource(`${key.path}.secret`, secret))
    if (providerSecret !== undefined) references.push(...referencesOfSource(`${key.path}.providerSecret`, providerSecret))
  }
  return references
}

function referencesOfVault(vault: Parts['vault']): References {
  if (vault === undefined) return []
  const { token, appRole, ca } = vault
  return [
    ...(token === undefined ? [] : [['vault.token', token] as const]),
    ...(typeof appRole?.roleId === 'object' ? [['vault.appRole.roleId', appRole.roleId] as const] : []),
    ...(appRole === undefined ? [] : [['vault.appRole.secretId', appRole.secretId] as const]),
    ...authority('vault.ca', ca),
  ]
}

/** The file of a CA certificate. A certificate is not secret, but its file is read and followed for changes like the file of a secret. */
function authority(path: string, file: string | undefined): References {
  return file === undefined ? [] : [[path, { file }]]
}

function referencesOfSource(path: string, reference: KeySecretReference): References {
  if (!isKeySource(reference)) return []
  if ('exec' in reference) return (reference.variables ?? []).map((name): Reference => [`${path}.variables[${name}]`, { env: name }])
  const issuer = 'oauth' in reference ? reference.oauth : 'tokenExchange' in reference ? reference.tokenExchange : undefined
  if (issuer === undefined) return []
  const at = `${path}.${'oauth' in reference ? 'oauth' : 'tokenExchange'}`
  const { clientSecret, ca } = issuer
  return [...(clientSecret === undefined ? [] : [[`${at}.clientSecret`, clientSecret] as const]), ...authority(`${at}.ca`, ca)]
}

/** Reads the secrets of all references, and those of keys that no source is asked for. */
export function readSecrets({ keys }: Parts, references: References, places: SecretPlaces, problems: Problem[]): SecretsByPath {
  const secrets = new SecretsByPath(keys)
  // Paths are put together for problems: there may be 100,000 keys.
  function read(at: { readonly path: string }, member: string, reference: KeySecretReference): Secret | undefined {
    if (isKeySource(reference)) return undefined
    const result = readSecret(reference, places)
    if ('secret' in result) return result.secret
    const path = `${at.path}${member}`
    const tell = places.isOptional?.(path) === true ? warning : problem
    problems.push(tell(path, result.reason, path === 'callers.service.hashes' ? ringFix : result.fix))
    return undefined
  }
  for (const key of keys.values()) {
    const { part } = key
    key.secret = read(key, '.secret', part.secret)
    if (part.providerSecret !== undefined) key.providerSecret = read(key, '.providerSecret', part.providerSecret)
  }
  for (const [path, reference] of references) {
    const secret = read({ path }, '', reference)
    if (secret !== undefined) secrets.set(path, secret)
  }
  return secrets
}
