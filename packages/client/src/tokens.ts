import { refuseKey } from './refuse-key.js'

/** How long before its end a token is replaced, in milliseconds; or a fifth of its life, if that is less. */
const earlyMs = 30_000

/** Session tokens, made anew when they grow old. */
export interface Tokens {
  /** One that is good for now. Whoever asks while one is being made waits for the same. */
  current(): Promise<string>
  /** The one that a request was refused with is good no longer. */
  drop(token: string): void
}

/** @param make Asks whoever mints. */
export function createTokens(make: () => Promise<string>): Tokens {
  let known: { readonly token: string; readonly renewAt: number } | undefined
  let making: Promise<string> | undefined

  async function renew(): Promise<string> {
    const token = await make()
    if (typeof token !== 'string' || token === '') throw new TypeError('"token" must give a session token.')
    refuseKey(token, 'What "token" gives')
    known = { token, renewAt: renewTime(token) }
    return token
  }

  return {
    current() {
      if (known !== undefined && Date.now() < known.renewAt) return Promise.resolve(known.token)
      return (making ??= renew().finally(() => {
        making = undefined
      }))
    },
    drop(token) {
      if (known?.token === token) known = undefined
    },
  }
}

/** When a token should be replaced; one that cannot be read is good until it is refused. */
function renewTime(token: string): number {
  try {
    const payload = JSON.parse(atob((token.split('.')[1] as string).replaceAll('-', '+').replaceAll('_', '/'))) as {
      readonly exp?: unknown
    }
    const end = typeof payload.exp === 'number' ? payload.exp * 1000 : Infinity
    return end - Math.min(earlyMs, Math.max(0, end - Date.now()) / 5)
  } catch {
    return Infinity
  }
}
