import type { AddressLimit } from '@postern/gateways'
import { Refusal } from '../refusal.js'

/** A call that waits for its turn. */
export interface Turn {
  /** Resolves when the call may go. */
  readonly come: Promise<void>
  /** The caller has left; the turn is the next one's. */
  giveUp(): void
}

/** Lets calls through to a gateway that counts them by address, one tenant after the other. */
export interface Turnstile {
  /**
   * Takes a place in the tenant's line; `undefined`: go at once.
   *
   * @throws {Refusal} 429 `rate_limited` where the turn would come too late.
   */
  enter(tenant: string): Turn | undefined
  /** Learns from a gateway that refuses all the same, since others call from this address too. */
  heard(status: number, header: (name: string) => string | undefined): void
}

interface Place {
  readonly pass: () => void
  readonly timer: NodeJS.Timeout
}

/**
 * Keeps the gateway's token bucket a second time, here, and gives what it yields to the tenants in turn: each
 * may have one call, then the next may. A tenant that sends a thousand calls holds up its own, and any other
 * waits no longer than the tenants before it have calls of one each.
 */
export function createTurnstile(limit: AddressLimit & { readonly longestWaitMs: number }): Turnstile {
  const { burst, perMinute, longestWaitMs } = limit
  const msPerCall = 60_000 / perMinute
  /** Tenants in the order of their turns, each with its line. */
  const lines = new Map<string, Place[]>()
  /** One call is kept back: calls take unequally long to the gateway, which counts them when they arrive. */
  const most = Math.max(1, burst - 1)
  let tokens = most
  let filledAt = performance.now()
  let timer: NodeJS.Timeout | undefined

  function refill(): void {
    const now = performance.now()
    tokens = Math.min(most, tokens + (now - filledAt) / msPerCall)
    filledAt = now
  }

  function letThrough(): void {
    timer = undefined
    refill()
    while (tokens >= 1 && lines.size > 0) {
      const [tenant, line] = lines.entries().next().value as [string, Place[]]
      const place = line.shift() as Place
      lines.delete(tenant)
      if (line.length > 0) lines.set(tenant, line)
      clearTimeout(place.timer)
      tokens -= 1
      place.pass()
    }
    wakeLater()
  }

  function wakeLater(): void {
    if (timer === undefined && lines.size > 0) timer = setTimeout(letThrough, Math.max(1, Math.ceil((1 - tokens) * msPerCall)))
  }

  /** Calls that go before a new one of this tenant: its own, and of every other tenant as many as turns until then. */
  function placesBefore(tenant: string): number {
    const own = lines.get(tenant)?.length ?? 0
    let before = own
    for (const [other, line] of lines) if (other !== tenant) before += Math.min(line.length, own + 1)
    return before
  }

  function tooLate(waitMs: number): Refusal {
    return new Refusal('rate_limited', {
      message: `The gateway takes ${perMinute} calls a minute from this address, and the turn of this one would come too late.`,
      retryAfterSeconds: Math.min(60, Math.max(1, Math.ceil(waitMs / 1000))),
    })
  }

  function leave(tenant: string, place: Place): void {
    clearTimeout(place.timer)
    const line = lines.get(tenant)
    const at = line?.indexOf(place) ?? -1
    if (line === undefined || at === -1) return
    line.splice(at, 1)
    if (line.length === 0) lines.delete(tenant)
  }

  return {
    enter(tenant) {
      refill()
      if (lines.size === 0 && tokens >= 1) {
        tokens -= 1
        return undefined
      }
      const waitMs = (placesBefore(tenant) + 1 - tokens) * msPerCall
      if (waitMs > longestWaitMs) throw tooLate(waitMs - longestWaitMs)
      let place: Place
      const come = new Promise<void>((pass, refuse) => {
        const expire = (): void => {
          leave(tenant, place)
          refuse(tooLate(msPerCall))
        }
        place = { pass, timer: setTimeout(expire, longestWaitMs) }
        const line = lines.get(tenant)
        if (line === undefined) lines.set(tenant, [place])
        else line.push(place)
      })
      wakeLater()
      return { come, giveUp: () => leave(tenant, place) }
    },
    heard(status, header) {
      const wait = status === 429 ? header('retry-after') : undefined
      if (wait === undefined || !/^\d{1,4}$/.test(wait)) return
      refill()
      tokens = Math.min(tokens, 1 - (Number(wait) * 1000) / msPerCall)
    },
  }
}
