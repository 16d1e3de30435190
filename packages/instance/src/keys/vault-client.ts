import type { FetchedAnswer } from '@postern/core'
import { Secret } from '@postern/ports'
import { asObject, askSource, readObject, secondsToMs } from './ask-source.js'
import { SourceFailure } from './secret-source.js'
import { leastPauseMs, maxReadMs } from './followed-value.js'
import type { VaultPlace } from './vault-place.js'

/** The most redirects of one question that are followed: a cluster has one active node. */
const maxRedirects = 3

/** A token of Vault is renewed when this share of its lease is over. */
const renewAt = 2 / 3

/** After a renewal that failed, the next one is tried after this time, in milliseconds. */
const renewAgainMs = 5000

const longestTimerMs = 2 ** 31 - 1

interface Token {
  readonly secret: Secret
  /** Whether Vault lets it be renewed. */
  readonly isRenewable: boolean
}

/**
 * Reads from Vault over its HTTP API, with a token that it renews at two thirds of its lease, or with an AppRole, for which it logs in
 * anew where a token cannot be renewed or is not taken any more.
 */
export class VaultClient {
  readonly #place: VaultPlace
  readonly #closing = new AbortController()
  #token: Token | undefined
  #gettingToken: Promise<Token> | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(place: VaultPlace) {
    this.#place = place
  }

  /**
   * Reads `/v1/<path>`.
   *
   * @throws {SourceFailure} if Vault is sealed, refuses, or redirects to an address that is not configured.
   */
  async read(path: string, signal: AbortSignal): Promise<FetchedAnswer> {
    const token = await this.#currentToken(signal)
    const answer = await this.#ask(`/v1/${path}`, { token: token.secret, signal })
    if (answer.status !== 403 || this.#place.appRole === undefined) return answer
    // The token may have been revoked, or its lease may have ended while nobody could renew it.
    if (this.#token === token) this.#token = undefined
    return this.#ask(`/v1/${path}`, { token: (await this.#currentToken(signal)).secret, signal })
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#closing.abort()
  }

  async #currentToken(signal: AbortSignal): Promise<Token> {
    if (this.#token !== undefined) return this.#token
    this.#gettingToken ??= this.#getToken(signal).finally(() => {
      this.#gettingToken = undefined
    })
    return (this.#token = await this.#gettingToken)
  }

  async #getToken(signal: AbortSignal): Promise<Token> {
    const { token, appRole } = this.#place
    if (appRole === undefined) {
      const given = { secret: token as Secret, isRenewable: true }
      // What its lease is, only a renewal tells. A token that cannot be renewed is read with all the same.
      await this.#renew(given, signal).catch(() => this.#renewIn(renewAgainMs, given))
      return given
    }
    const { roleId, secretId, mount } = appRole
    const body = JSON.stringify({ role_id: typeof roleId === 'string' ? roleId : roleId.reveal(), secret_id: secretId.reveal() })
    const answer = await this.#ask(`/v1/auth/${mount}/login`, { body, signal })
    if (answer.status !== 200) throw refused(answer, 'the login with the AppRole')
    const auth = asObject(readObject(answer)['auth'])
    const made = auth['client_token']
    if (typeof made !== 'string' || made === '') throw new SourceFailure('Vault answered a login without a token.')
    const fresh = { secret: new Secret(made), isRenewable: auth['renewable'] === true }
    this.#leaseBegan(fresh, secondsToMs(auth['lease_duration']))
    return fresh
  }

  /** A lease of zero has no end. */
  #leaseBegan(token: Token, leaseMs: number | undefined): void {
    if (leaseMs !== undefined) this.#renewIn(leaseMs * renewAt, token)
  }

  #renewIn(ms: number, token: Token): void {
    clearTimeout(this.#timer)
    if (this.#closing.signal.aborted) return
    // Vault says how long a lease is, and may say next to nothing.
    const pauseMs = Math.min(Math.max(ms, leastPauseMs), longestTimerMs)
    this.#timer = setTimeout(() => void this.#renewOrForget(token), pauseMs).unref()
  }

  async #renewOrForget(token: Token): Promise<void> {
    // The next question logs in anew, while the lease still runs.
    const forget = (): void => {
      if (this.#place.appRole !== undefined && this.#token === token) this.#token = undefined
    }
    if (!token.isRenewable) {
      forget()
      return
    }
    const timeout = AbortSignal.timeout(maxReadMs)
    await this.#renew(token, timeout).catch((error: unknown) => {
      if (error instanceof SourceFailure) forget()
      else this.#renewIn(renewAgainMs, token)
    })
  }

  async #renew(token: Token, signal: AbortSignal): Promise<void> {
    const answer = await this.#ask('/v1/auth/token/renew-self', { token: token.secret, body: '{}', signal })
    if (answer.status >= 500) throw new Error('Vault cannot renew now.')
    if (answer.status !== 200) throw refused(answer, 'the renewal of the token')
    const auth = asObject(readObject(answer)['auth'])
    if (auth['renewable'] === false) throw new SourceFailure('The lease of the token cannot be renewed any more.')
    this.#leaseBegan(token, secondsToMs(auth['lease_duration']))
  }

  async #ask(path: string, { token, body, signal }: { token?: Secret; body?: string; signal: AbortSignal }): Promise<FetchedAnswer> {
    const { url, namespace, dispatcherFor, origins } = this.#place
    const headers = {
      'x-vault-request': 'true',
      ...(token === undefined ? {} : { 'x-vault-token': token.reveal() }),
      ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }
    const method = body === undefined ? 'GET' : 'POST'
    let at = new URL(url + path)
    for (let hop = 0; ; hop += 1) {
      const answer = await askSource(at.href, { method, headers, body, signal, dispatcher: dispatcherFor(at.origin) })
      if (!redirects.has(answer.status)) return answer
      const { location } = answer.headers
      if (hop >= maxRedirects || typeof location !== 'string' || !URL.canParse(location, at.href))
        throw new SourceFailure(`${at.origin} answered with a redirect that leads nowhere.`)
      at = new URL(location, at)
      // The host is not told: whoever answered has chosen it.
      if (!origins.has(at.origin)) throw new SourceFailure('Vault redirected to an address that is not under vault.redirects.')
    }
  }
}

const redirects = new Set([301, 302, 307, 308])

function refused({ status }: FetchedAnswer, what: string): SourceFailure {
  return new SourceFailure(`Vault refused ${what} with status ${status}.`)
}
