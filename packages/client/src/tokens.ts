import { refuseKey } from './refuse-key.js'

/** How long before its expiry a token is renewed, in milliseconds; or a fifth of its lifetime, if that is less. */
const earlyMs = 30_000

/** Session tokens, renewed before they expire. */
export interface Tokens {
  /** Returns a token that has not expired. Calls during a renewal share that renewal. */
  current(): Promise<string>
  /** Call it if a request with this token was refused: it is not used again. */
  drop(token: string): void
}

interface Known {
  readonly token: string
  /** By this machine's clock, in milliseconds. */
  readonly renewAt: number
  readonly endsAt: number
}

/** @param make Fetches a new token, from the application or from `POST /session`. */
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
      // Renewal begins early: if it fails while the old token is valid, use the old token.
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
 * When to renew a token and when it expires, by this machine's clock. A token that cannot be read counts as valid
 * until it is refused.
 *
 * If this machine's clock is wrong by more than the lifetime, every token would seem expired, or none: then count the
 * lifetime (`exp` minus `iat`) from now.
 */
function lifeOf(token: string): { readonly renewAt: number; readonly endsAt: number } {
  const now = Date.now()
  let times: { readonly exp?: number; readonly iat?: number } | null = null
  try {
    times = JSON.parse(atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'))) as typeof times
  } catch {
    // It cannot be read.
  }
  const { exp = Infinity, iat = now / 1000 } = times ?? {}
  const left = exp * 1000 - now
  const whole = (exp - iat) * 1000
  const life = left > 0 ? Math.min(left, whole) : whole
  return { renewAt: now + life - Math.min(earlyMs, life / 5), endsAt: now + life }
}
