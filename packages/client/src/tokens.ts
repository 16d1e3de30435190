import { refuseKey } from './refuse-key.js'

/** How long before its end a token is replaced, in milliseconds; or a fifth of its life, if that is less. */
const earlyMs = 30_000

/** Session tokens, made anew when they grow old. */
export interface Tokens {
  /** One that has not ended. Whoever asks while one is being made waits for the same. */
  current(): Promise<string>
  /** The one that a request was refused with is good no longer. */
  drop(token: string): void
}

interface Known {
  readonly token: string
  /** By this machine's clock, in milliseconds. */
  readonly renewAt: number
  readonly endsAt: number
}

/** @param make Asks whoever mints. */
export function createTokens(make: () => Promise<string>): Tokens {
  let known: Known | undefined
  let making: Promise<string> | undefined

  async function renew(): Promise<string> {
    const before = known
    try {
      const token = await make()
      if (typeof token !== 'string' || !token) throw new TypeError('"token" gives no session token.')
      refuseKey('token', token)
      known = { token, ...lifeOf(token) }
      return token
    } catch (error) {
      // Renewal begins early so that a backend which is away for a moment costs nothing.
      if (before && before === known && Date.now() < before.endsAt) return before.token
      throw error
    } finally {
      making = undefined
    }
  }

  return {
    current() {
      if (known && Date.now() < known.renewAt) return Promise.resolve(known.token)
      return (making ??= renew())
    },
    drop(token) {
      if (known?.token === token) known = undefined
    },
  }
}

/**
 * When a token should be replaced, and when it is over; one that cannot be read is good until it is refused.
 *
 * A clock that is wrong by more than the token's life would call every token old, or none: then what counts is how
 * long the token lives, from now.
 */
function lifeOf(token: string): { readonly renewAt: number; readonly endsAt: number } {
  const now = Date.now()
  const { exp = Infinity, iat = now / 1000 } = readTimes(token)
  const left = exp * 1000 - now
  const whole = (exp - iat) * 1000
  const life = left > 0 ? Math.min(left, whole) : whole
  return { renewAt: now + life - Math.min(earlyMs, life / 5), endsAt: now + life }
}

function readTimes(token: string): { readonly exp?: number; readonly iat?: number } {
  try {
    return JSON.parse(atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'))) as { exp?: number; iat?: number }
  } catch {
    return {}
  }
}
