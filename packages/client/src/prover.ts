import { keepKey } from './keep-key.js'

/** Proves to have a key that cannot leave this browser (RFC 9449). */
export interface Prover {
  /** The SHA-256 thumbprint of its public half (RFC 7638). */
  thumbprint(): Promise<string>
  /** A proof for one request; without a token for the request that asks for one. */
  prove(method: string, url: string, token?: string): Promise<string>
  /** Takes the nonce that the next proofs must carry. */
  useNonce(nonce: string): void
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const

export function createProver(): Prover {
  let pair: Promise<CryptoKeyPair> | undefined
  let nonce: string | undefined

  /** The key is not extractable: code that runs in the page can use it, and not take it along. */
  const keys = (): Promise<CryptoKeyPair> =>
    (pair ??= keepKey(() => crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])).catch((error: unknown) => {
      pair = undefined
      throw error
    }))

  async function publicKey(): Promise<{ readonly crv: string; readonly kty: string; readonly x: string; readonly y: string }> {
    const { crv = '', kty = '', x = '', y = '' } = await crypto.subtle.exportKey('jwk', (await keys()).publicKey)
    return { crv, kty, x, y }
  }

  return {
    thumbprint: async () => digest(JSON.stringify(await publicKey())),
    async prove(method, url, token) {
      const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: await publicKey() }
      const claims = {
        jti: crypto.randomUUID(),
        htm: method,
        htu: url.replace(/[?#].*$/, ''),
        iat: Math.floor(Date.now() / 1000),
        ...(token === undefined ? {} : { ath: await digest(token) }),
        ...(nonce === undefined ? {} : { nonce }),
      }
      const signed = `${encode(utf8(JSON.stringify(header)))}.${encode(utf8(JSON.stringify(claims)))}`
      const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, (await keys()).privateKey, utf8(signed))
      return `${signed}.${encode(new Uint8Array(signature))}`
    },
    useNonce(next) {
      nonce = next
    },
  }
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

async function digest(text: string): Promise<string> {
  return encode(new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(text))))
}

/** base64url without padding (RFC 7515, 2). */
function encode(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}
