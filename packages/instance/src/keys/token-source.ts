import { readFile } from 'node:fs/promises'
import type { Dispatcher } from '@postern/core'
import type { Secret } from '@postern/ports'
import { regularFile } from '@postern/config'
import { askSource, readObject, secondsToMs } from './ask-source.js'
import { readSourced, type SecretSource, SourceFailure } from './secret-source.js'

/** A token is asked for again this long before it ends, in milliseconds; one that lives less than twice as long, at half of its life. */
const beforeEndMs = 30_000

/** The largest token that is exchanged, in bytes. */
const maxSubjectBytes = 64 * 1024

/** A token endpoint, and what is asked of it. */
export interface TokenPlace {
  readonly url: string
  readonly dispatcher: Dispatcher
  readonly clientId: string | undefined
  readonly clientSecret: Secret | undefined
  readonly auth: 'basic' | 'post'
  readonly audience: string | undefined
  readonly resource: string | undefined
  readonly scope: string | undefined
}

/** An access token for client credentials (RFC 6749, 4.4). */
export function createOauthSource(place: TokenPlace): SecretSource {
  return {
    kind: 'oauth',
    read: (signal) => askForToken(place, [['grant_type', 'client_credentials']], signal),
  }
}

/**
 * A token in exchange for another one (RFC 8693).
 *
 * @param subject The file with the token that is exchanged, which is read anew each time.
 */
export function createExchangeSource(place: TokenPlace, subject: { readonly file: string; readonly type: string }): SecretSource {
  return {
    kind: 'tokenExchange',
    async read(signal) {
      const token = await readSubject(subject.file)
      const grant: Fields = [
        ['grant_type', 'urn:ietf:params:oauth:grant-type:token-exchange'],
        ['subject_token', token],
        ['subject_token_type', subject.type],
      ]
      return askForToken(place, grant, signal)
    },
  }
}

async function readSubject(file: string): Promise<string> {
  try {
    if (regularFile(file).size > maxSubjectBytes) throw new SourceFailure('The file with the token to exchange is too large for a token.')
    const token = (await readFile(file, 'utf8')).trim()
    if (token === '') throw new SourceFailure('The file with the token to exchange is empty.')
    return token
  } catch (error) {
    if (error instanceof SourceFailure) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    throw new SourceFailure(`The file with the token to exchange cannot be read (${code}).`)
  }
}

type Fields = readonly (readonly [name: string, value: string])[]

async function askForToken(place: TokenPlace, grant: Fields, signal: AbortSignal): ReturnType<SecretSource['read']> {
  const { url, dispatcher, clientId, clientSecret, auth, audience, resource, scope } = place
  const { origin } = new URL(url)
  const inHeader = clientId !== undefined && clientSecret !== undefined && auth === 'basic'
  const optional = (name: string, value: string | undefined): Fields => (value === undefined ? [] : [[name, value]])
  const form = new URLSearchParams()
  const fields = [
    ...grant,
    ...optional('audience', audience),
    ...optional('resource', resource),
    ...optional('scope', scope),
    ...(inHeader ? [] : [...optional('client_id', clientId), ...optional('client_secret', clientSecret?.reveal())]),
  ]
  for (const [name, value] of fields) form.append(name, value)
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    ...(inHeader ? { authorization: `Basic ${basicOf(clientId, clientSecret.reveal())}` } : {}),
  }
  const answer = await askSource(url, { method: 'POST', headers, body: form.toString(), signal, dispatcher })
  const { access_token: token, token_type: type, expires_in: seconds, error } = readObject(answer)
  if (answer.status !== 200) throw new SourceFailure(`${origin} refused a token with status ${answer.status}${knownError(error)}.`)
  if (typeof type !== 'string' || !/^(?:bearer|n_a)$/i.test(type))
    throw new SourceFailure(`${origin} gave a token that is no bearer token.`)
  const lifeMs = secondsToMs(seconds)
  const againMs = lifeMs === undefined ? undefined : Math.max(lifeMs - beforeEndMs, lifeMs / 2)
  return { secret: readSourced(token), lifeMs, againMs }
}

/** User and password of Basic are form-encoded first (RFC 6749, 2.3.1). */
function basicOf(clientId: string, clientSecret: string): string {
  const encoded = [clientId, clientSecret].map((text) => new URLSearchParams([['', text]]).toString().slice(1))
  return Buffer.from(encoded.join(':')).toString('base64')
}

/** The error's code, if it is one of the standards: any other text could hold what was sent. */
function knownError(error: unknown): string {
  return typeof error === 'string' && errorCodes.has(error) ? ` (${error})` : ''
}

/** RFC 6749, 5.2; RFC 8693, 2.2.2; RFC 8707, 2. */
const errorCodes = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_target',
])
