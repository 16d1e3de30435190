import { base64url } from './base64url.js'
import { keepKey } from './keep-key.js'
import { randomId } from './random-id.js'

/** Makes DPoP proofs with a key that cannot leave this browser (RFC 9449). */
export interface Prover {
  /** The SHA-256 thumbprint of the public key (RFC 7638). */
  thumbprint(): Promise<string>
  /** Makes the proof for one request. Only `POST /session`, which asks for a token, has no `token`. */
  prove(method: string, url: string, token?: string): Promise<string>
  /** Takes the nonce that the next proofs must carry. */
  useNonce(nonce: string): void
  /**
   * Takes Postern's time, in milliseconds since the epoch. Returns whether the time of the proofs so far differs by more
   * than `sameTimeMs`.
   */
  useTime(now: number): boolean
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const

/** Clock differences up to this are ignored, in milliseconds: `Date` headers are exact to the second. */
const sameTimeMs = 2000

interface Holder {
  readonly privateKey: CryptoKey
  /** Its members in the order of RFC 7638, 3.3. */
  readonly jwk: { readonly crv: string; readonly kty: string; readonly x: string; readonly y: string }
}

export function createProver(): Prover {
  let holder: Promise<Holder> | undefined
  let nonce: string | undefined
  let aheadMs = 0

  /** The key is not extractable: code that runs in the page can use it, but cannot copy it. */
  async function open(): Promise<Holder> {
    // Pages over plain http have no `crypto.subtle`, although its type says otherwise.
    if (!(crypto.subtle as SubtleCrypto | undefined)) throw new TypeError('"dpop" needs https:// or http://localhost.')
    const { privateKey, publicKey } = await keepKey(() => crypto.subtle.generateKey(algorithm, false, ['sign', 'verify']))
    const { crv = '', kty = '', x = '', y = '' } = await crypto.subtle.exportKey('jwk', publicKey)
    return { privateKey, jwk: { crv, kty, x, y } }
  }

  const held = (): Promise<Holder> =>
    (holder ??= open().catch((error: unknown) => {
      holder = undefined
      throw error
    }))

  return {
    thumbprint: async () => digest(JSON.stringify((await held()).jwk)),
    async prove(method, url, token) {
      const { jwk, privateKey } = await held()
      const header = { typ: 'dpop+jwt', alg: 'ES256', jwk }
      // `JSON.stringify` omits members that are `undefined`.
      const claims = {
        jti: randomId(),
        htm: method,
        htu: url.replace(/[?#].*$/, ''),
        ath: token && (await digest(token)),
        iat: Math.floor((Date.now() + aheadMs) / 1000),
        nonce,
      }
      const signed = `${base64url(utf8(JSON.stringify(header)))}.${base64url(utf8(JSON.stringify(claims)))}`
      const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, utf8(signed))
      return `${signed}.${base64url(new Uint8Array(signature))}`
    },
    useNonce(next) {
      nonce = next
    },
    useTime(now) {
      const next = now - Date.now()
      const isOther = Math.abs(next - aheadMs) > sameTimeMs
      if (isOther) aheadMs = next
      return isOther
    },
  }
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

async function digest(text: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(text))))
}
