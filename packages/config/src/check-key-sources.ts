import { X509Certificate } from 'node:crypto'
import { statSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import type { Secret, SecretsByPath } from '@postern/ports'
import { isLoopback } from './is-loopback.js'
import { isKeySource, type KeySecretReference } from './key-source-schemas.js'
import type { Parts } from './lenient-sections.js'
import { type Problem, problem, warning } from './problem.js'
import type { Config } from './schema.js'

/** Checks that each source of a key can be asked safely. Asks none, and runs no program. */
export function checkKeySources(parts: Parts, secrets: SecretsByPath, problems: Problem[]): void {
  checkVault(parts.vault, problems)
  for (const key of parts.keys.values()) {
    const { secret, providerSecret } = key.part
    if (isKeySource(secret)) checkSource(`${key.path}.secret`, secret, parts, problems)
    if (providerSecret !== undefined) checkSource(`${key.path}.providerSecret`, providerSecret, parts, problems)
  }
  for (const [path, secret] of secrets.others) if (path.endsWith('.ca')) checkAuthority(path, secret, problems)
}

/** Checks that a value that is read counts until it is read again. */
export function checkPolling({ keySources: { poll, cache } }: Config, problems: Problem[]): void {
  if (cache < poll)
    problems.push(problem('keySources.cache', 'is less than keySources.poll, so keys would be missing in between.', 'Write a longer time.'))
}

function checkVault(vault: Parts['vault'], problems: Problem[]): void {
  if (vault === undefined) return
  checkAddress('vault.url', vault.url, problems)
  for (const [index, url] of vault.redirects.entries()) checkAddress(`vault.redirects[${index}]`, url, problems)
  if ((vault.token === undefined) === (vault.appRole === undefined))
    problems.push(
      problem(
        'vault',
        vault.token === undefined ? 'does not say how Postern proves itself there.' : 'has both a token and an AppRole.',
        'Write one of the two: token: { file: PATH }, or appRole: { roleId: …, secretId: { file: PATH } }.',
      ),
    )
}

function checkSource(path: string, reference: KeySecretReference, { vault }: Parts, problems: Problem[]): void {
  if (!isKeySource(reference)) return
  if ('vault' in reference) {
    if (vault === undefined)
      problems.push(
        problem(path, 'is in Vault, and no vault is configured that can be used.', 'Write vault: { url: …, token: { file: PATH } }.'),
      )
  } else if ('exec' in reference) {
    checkProgram(path, reference.exec[0] as string, problems)
  } else {
    const [name, issuer] =
      'oauth' in reference ? (['oauth', reference.oauth] as const) : (['tokenExchange', reference.tokenExchange] as const)
    const at = `${path}.${name}`
    checkAddress(`${at}.url`, issuer.url, problems)
    if (issuer.audience === undefined && issuer.resource === undefined && issuer.scope === undefined)
      problems.push(
        problem(
          at,
          'does not say what the token is for, so the token might be good anywhere.',
          'Write audience, resource or scope, as the issuer wants it.',
        ),
      )
    if (issuer.clientSecret !== undefined && issuer.clientId === undefined)
      problems.push(problem(`${at}.clientId`, 'is missing beside the secret.', 'Write the client that the secret is of.'))
  }
}

/** A shell or a search along PATH would let a folder decide what runs. */
function checkProgram(path: string, program: string, problems: Problem[]): void {
  if (!isAbsolute(program)) {
    problems.push(
      problem(`${path}.exec`, 'does not begin with the whole path of a program.', 'Write it like [/usr/local/bin/read-secret, acme].'),
    )
    return
  }
  const stats = statSync(program, { throwIfNoEntry: false })
  if (stats?.isFile() !== true || (stats.mode & 0o111) === 0)
    problems.push(warning(`${path}.exec`, 'names no file that can be run.', 'Install the program there, or correct its path.'))
}

/** Keys and what they are asked for with travel over https, or within this machine. */
function checkAddress(path: string, text: string, problems: Problem[]): void {
  const { protocol, hostname, username, password, search, hash } = new URL(text)
  if (username !== '' || password !== '' || search !== '' || hash !== '')
    problems.push(problem(path, 'holds more than scheme, host and path.', 'Leave out user, password, query and fragment.'))
  if (protocol === 'http:' && !isLoopback(hostname))
    problems.push(problem(path, 'would fetch keys over plain http, where anybody on the way could read them.', 'Write https.'))
}

function checkAuthority(path: string, pem: Secret, problems: Problem[]): void {
  if (isCertificate(pem.reveal())) return
  problems.push(
    problem(
      path,
      'names a file that holds no certificate in PEM.',
      'Write the file of the authority, which begins with -----BEGIN CERTIFICATE-----.',
    ),
  )
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined
  } catch {
    return false
  }
}
