import { headerNames } from '@postern/protocol'
import { type Mend, mendAttempts } from './attempts.js'
import { createProver, type Prover } from './prover.js'
import { SessionRefused } from './session-refused.js'
import { createTokens } from './tokens.js'

/** How a page proves who its user is. */
export interface CredentialOptions {
  /**
   * Gives a session token that your backend minted; asked again before it ends. Without it the backend's own
   * cookie says who the user is. With `dpop`, the token must be bound to the key of the thumbprint `jkt`.
   */
  readonly token?: ((request: { readonly jkt?: string }) => Promise<string>) | undefined
  /** Whether each request proves to have a key that cannot leave this browser (RFC 9449). Default `false`. */
  readonly dpop?: boolean | undefined
}

/** Says who is calling, with each attempt. */
export interface Credential {
  /**
   * Writes the headers that one attempt carries; gives the token that it used.
   *
   * @throws {SessionRefused} where Postern gives no session; and whatever `token` throws.
   */
  apply(headers: Headers, method: string, url: string): Promise<string | undefined>
  /** Learns from a refusal; what another attempt would do better, if anything. */
  mend(refused: Response, token: string | undefined): Mend | undefined
  /** Whether each call needs the cookie, also where Postern has another origin. */
  readonly usesCookie: boolean
}

/** @param mount Where Postern is. */
export function createCredential({ token, dpop = false }: CredentialOptions, mount: string, send: typeof fetch): Credential {
  if (token !== undefined && typeof token !== 'function') throw new TypeError('"token" is a function that gives a session token.')
  const prover = dpop ? createProver() : undefined
  const tokens = token === undefined && prover === undefined ? undefined : createTokens(token === undefined ? exchangeCookie : giveToken)

  async function giveToken(): Promise<string> {
    return (token as NonNullable<typeof token>)(prover === undefined ? {} : { jkt: await prover.thumbprint() })
  }

  /** A cookie is nobody's alone; the session that it is traded for is bound to the key. */
  async function exchangeCookie(): Promise<string> {
    const url = `${mount}/session`
    const answer = await mendAttempts(async () => {
      const headers = { DPoP: await (prover as Prover).prove('POST', url) }
      const given = await send(url, { method: 'POST', headers, credentials: 'include', redirect: 'error' })
      return [given, mendProof(given)]
    })
    if (!answer.ok) throw new SessionRefused(answer)
    return ((await answer.json()) as { readonly token: string }).token
  }

  function mendProof(refused: Response): Mend | undefined {
    if (prover === undefined || refused.status !== 401) return undefined
    const nonce = refused.headers.get('DPoP-Nonce')
    if (nonce !== null) {
      // Also where another call has learned of it in the meantime: this one went without.
      prover.useNonce(nonce)
      return 'nonce'
    }
    // A proof must be young by Postern's clock, and clocks of users' machines are wrong.
    const isOfProof = refused.headers.get(headerNames.refusal) === 'proof_invalid'
    return isOfProof && prover.useTime(Date.parse(refused.headers.get('Date') ?? '')) ? 'time' : undefined
  }

  return {
    usesCookie: tokens === undefined,
    async apply(headers, method, url) {
      const current = await tokens?.current()
      if (current === undefined) return undefined
      headers.set('Authorization', `${prover === undefined ? 'Bearer' : 'DPoP'} ${current}`)
      if (prover !== undefined) headers.set('DPoP', await prover.prove(method, url, current))
      return current
    },
    mend(refused, used) {
      if (tokens === undefined || used === undefined || refused.status !== 401) return undefined
      if (refused.headers.get(headerNames.refusal) !== 'caller_expired') return mendProof(refused)
      tokens.drop(used)
      return 'token'
    },
  }
}
