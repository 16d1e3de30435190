import { headerNames } from '@postern/protocol'
import { createProver, type Prover } from './prover.js'
import { createTokens } from './tokens.js'

/** How a page proves who its user is. */
export interface CredentialOptions {
  /**
   * Gives a session token that your backend minted; asked again before it ends. Without it the backend's own
   * cookie says who the user is. With `dpop`, the token must be bound to the key of this thumbprint.
   */
  readonly token?: ((request: { readonly jkt?: string }) => Promise<string>) | undefined
  /** Whether each request proves to have a key that cannot leave this browser (RFC 9449). Default `false`. */
  readonly dpop?: boolean | undefined
}

/** Says who is calling, with each attempt. */
export interface Credential {
  /** Writes the headers that one attempt carries; gives the token that it used. */
  apply(headers: Headers, method: string, url: string): Promise<string | undefined>
  /** Whether another attempt could do better after this refusal: with a fresh token, or a proof with the nonce it asks for. */
  mends(refused: Response, token: string | undefined): boolean
  /** Whether cookies go along where Postern has another origin. */
  readonly usesCookie: boolean
}

/** @param mount Where Postern is. */
export function createCredential({ token, dpop = false }: CredentialOptions, mount: string, send: typeof fetch): Credential {
  const prover = dpop ? createProver() : undefined
  const make = token === undefined ? exchangeCookie : tokenMaker(token)
  const tokens = token === undefined && !dpop ? undefined : createTokens(make)

  function tokenMaker(give: NonNullable<CredentialOptions['token']>): () => Promise<string> {
    return async () => give(prover === undefined ? {} : { jkt: await prover.thumbprint() })
  }

  /** A cookie is nobody's alone; the session that it is traded for is bound to the key. */
  async function exchangeCookie(again = true): Promise<string> {
    const url = `${mount}/session`
    const headers = { DPoP: await (prover as Prover).prove('POST', url) }
    const answer = await send(url, { method: 'POST', headers, credentials: 'include', redirect: 'error' })
    if (answer.ok) return ((await answer.json()) as { readonly token: string }).token
    if (again && takeNonce(answer)) return exchangeCookie(false)
    throw new Error(`There is no session for this user: ${answer.headers.get(headerNames.refusal) ?? answer.status}.`)
  }

  function takeNonce(refused: Response): boolean {
    const nonce = refused.headers.get('DPoP-Nonce')
    if (nonce === null || prover === undefined) return false
    prover.useNonce(nonce)
    return true
  }

  return {
    usesCookie: token === undefined,
    async apply(headers, method, url) {
      const current = await tokens?.current()
      if (current === undefined) return undefined
      headers.set('Authorization', `${prover === undefined ? 'Bearer' : 'DPoP'} ${current}`)
      if (prover !== undefined) headers.set('DPoP', await prover.prove(method, url, current))
      return current
    },
    mends(refused, used) {
      if (refused.status !== 401) return false
      if (takeNonce(refused)) return true
      if (tokens === undefined || used === undefined || refused.headers.get(headerNames.refusal) !== 'caller_expired') return false
      tokens.drop(used)
      return true
    },
  }
}
