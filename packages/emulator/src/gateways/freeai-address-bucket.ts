/** Free AI: `src/state/ip-rate-limit-do.ts`, a token bucket per client address. */
export class AddressBucket {
  readonly #burst: number
  readonly #perMinute: number
  readonly #addresses = new Map<string, { tokens: number; at: number }>()

  constructor({ burst, perMinute }: { burst: number; perMinute: number }) {
    this.#burst = burst
    this.#perMinute = perMinute
  }

  /** Takes a token. Returns the tokens that are left, or the seconds until the next call is allowed. */
  take(address: string, now: number): { remaining: number } | { retryAfter: number } {
    const before = this.#addresses.get(address) ?? { tokens: this.#burst, at: now }
    const tokens = Math.min(this.#burst, before.tokens + ((now - before.at) / 60_000) * this.#perMinute)
    const allowed = tokens >= 1
    this.#addresses.set(address, { tokens: allowed ? tokens - 1 : tokens, at: now })
    return allowed ? { remaining: Math.floor(tokens - 1) } : { retryAfter: Math.ceil(((1 - tokens) / this.#perMinute) * 60) }
  }
}
