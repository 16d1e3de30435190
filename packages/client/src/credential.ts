import { governanceHeader, refusalHeader } from '@postern/protocol'
import { type Mend, mendAttempts } from './attempts.js'
import type { Place } from './place.js'
import { createProver, type Prover } from './prover.js'
import { SessionRefused } from './session-refused.js'
import { createTokens } from './tokens.js'

/** How a page identifies its user to Postern. */
export interface CredentialOptions {
  /**
   * Returns a session token that your backend minted; called again before the token expires. Default: the backend's
   * own cookie identifies the user. With `dpop`, the token must be bound to the key whose thumbprint (RFC 7638) is
   * `jkt`.
   */
  readonly token?: ((request: { readonly jkt?: string }) => Promise<string>) | undefined
  /**
   * Whether each request proves possession of a key that cannot leave this browser (DPoP, RFC 9449). Default `false`.
   */
  readonly dpop?: boolean | undefined
}

/** Adds the user's credential to each attempt. */
export interface Credential {
  /**
   * Sets `Authorization` and `DPoP` of one attempt. Returns the token that it used; `undefined` if the cookie is the
   * credential.
   *
   * @throws {SessionRefused} if Postern refuses `POST /session`; and any error of `token`.
   */
  apply(headers: Headers, method: string, url: string): Promise<string | undefined>
  /** Reads an answer. Returns what a second attempt would repair; `undefined`: nothing. */
  mend(refused: Response, token: string | undefined): Mend | undefined
  /** Whether each call must carry the cookie, also if Postern has another origin than the page. */
  readonly usesCookie: boolean
}

export function createCredential({ token, dpop = false }: CredentialOptions, place: Place, send: typeof fetch): Credential {
  if (token !== undefined && typeof token !== 'function') throw new TypeError('"token" is a function that gives a session token.')
  const prover = dpop ? createProver() : undefined
  const tokens = token || prover ? createTokens(token ? giveToken : exchangeCookie) : undefined

  async function giveToken(): Promise<string> {
    return (token as NonNullable<typeof token>)(prover ? { jkt: await prover.thumbprint() } : {})
  }

  /**
   * Trades the cookie for a session token. A cookie cannot be bound to a key; the session token is bound to this one.
   */
  async function exchangeCookie(): Promise<string> {
    const url = `${place.now()}/session`
    const answer = await mendAttempts(async () => {
      const headers = { DPoP: await (prover as Prover).prove('POST', url) }
      const given = await send(url, { method: 'POST', headers, credentials: 'include' })
      return [given, mendProof(given)]
    })
    if (!answer.ok) throw new SessionRefused(answer)
    return ((await answer.json()) as { readonly token: string }).token
  }

  function mendProof(refused: Response): Mend | undefined {
    if (!prover || refused.status !== 401) return undefined
    const nonce = refused.headers.get('DPoP-Nonce')
    if (nonce) {
      // Retry even if another call already stored this nonce: this request did not carry it.
      prover.useNonce(nonce)
      return 'nonce'
    }
    // Postern compares `iat` of a proof with its own clock. This machine's clock may be wrong: take the time of
    // `Date`.
    const isOfProof = refused.headers.get(refusalHeader) === 'proof_invalid'
    return isOfProof && prover.useTime(Date.parse(refused.headers.get('Date') as string)) ? 'time' : undefined
  }

  return {
    usesCookie: tokens === undefined,
    async apply(headers, method, url) {
      const current = await tokens?.current()
      if (current === undefined) return undefined
      headers.set('Authorization', `${prover ? 'DPoP' : 'Bearer'} ${current}`)
      if (prover) headers.set('DPoP', await prover.prove(method, url, current))
      return current
    },
    mend(refused, used) {
      if (!used || !/^caller_(exp|rev)/.test(refused.headers.get(refusalHeader) as string)) return mendProof(refused)
      // Each refused token is replaced once, also a revoked one: its user may have signed in again. If the new one is
      // refused as well, the application is told.
      tokens?.drop(used)
      // A call that had begun when its session was revoked may have been billed: the application decides about another.
      // Its record says `"finish":"cut_revoked"`, and no other member of a record ends in `h`: each byte here is loaded by pages.
      return /h":"cut_/.test(refused.headers.get(governanceHeader) as string) ? undefined : 'token'
    },
  }
}
