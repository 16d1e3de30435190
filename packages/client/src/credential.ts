import { refusalHeader } from '@postern/protocol'
import { type Mend, mendAttempts } from './attempts.js'
import type { Place } from './place.js'
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

export function createCredential({ token, dpop = false }: CredentialOptions, place: Place, send: typeof fetch): Credential {
  if (token !== undefined && typeof token !== 'function') throw new TypeError('"token" is a function that gives a session token.')
  const prover = dpop ? createProver() : undefined
  const tokens = token || prover ? createTokens(token ? giveToken : exchangeCookie) : undefined

  async function giveToken(): Promise<string> {
    return (token as NonNullable<typeof token>)(prover ? { jkt: await prover.thumbprint() } : {})
  }

  /** A cookie is nobody's alone; the session that it is traded for is bound to the key. */
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
    if (nonce !== null) {
      // Also where another call has learned of it in the meantime: this one went without.
      prover.useNonce(nonce)
      return 'nonce'
    }
    // A proof must be young by Postern's clock, and clocks of users' machines are wrong.
    const isOfProof = refused.headers.get(refusalHeader) === 'proof_invalid'
    return isOfProof && prover.useTime(Date.parse(refused.headers.get('Date') ?? '')) ? 'time' : undefined
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
      if (!tokens || used === undefined || refused.status !== 401) return undefined
      if (refused.headers.get(refusalHeader) !== 'caller_expired') return mendProof(refused)
      tokens.drop(used)
      return 'token'
    },
  }
}
