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
   * @param patient It was sent before, and waits as long as any.
   * @throws {Refusal} 429 `rate_limited` where the turn would come too late.
   */
  enter(tenant: string, patient: boolean): Turn | undefined
  /** The gateway refused a call as one too many, since others call from this address too: nobody goes for so long. */
  pause(seconds: number): void
}

interface Place {
  readonly since: number
  readonly pass: () => void
  readonly timer: NodeJS.Timeout
}

/** Tenants whose last turn is remembered. */
const rememberedTenants = 10_000

/**
 * Keeps the gateway's token bucket a second time, here, and gives what it yields to the tenants in turn: who
 * has waited longest since its last call goes next, and whoever never called goes first, but not before those
 * who stand there for half of the longest wait: however many newcomers come, nobody waits for all of them. A
 * tenant that sends a thousand calls holds up its own, and any other waits for one call of each before it.
 */
export function createTurnstile(limit: AddressLimit & { readonly longestWaitMs: number }): Turnstile {
  const { burst, perMinute, longestWaitMs } = limit
  const msPerCall = 60_000 / perMinute
  /** Tenants that wait, each with its line. */
  const lines = new Map<string, Place[]>()
  /** When each tenant's last call went, as its number among all. */
  const turns = new Map<string, number>()
  let calls = 0
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

  const lastTurn = (tenant: string): number => turns.get(tenant) ?? 0

  function spend(tenant: string): void {
    tokens -= 1
    calls += 1
    turns.delete(tenant)
    turns.set(tenant, calls)
    if (turns.size > rememberedTenants) turns.delete(turns.keys().next().value as string)
  }

  function nextTenant(): string {
    const long = performance.now() - longestWaitMs / 2
    const waited = [...lines].filter(([, [head]]) => (head as Place).since < long).map(([tenant]) => tenant)
    let next: string | undefined
    for (const tenant of waited.length > 0 ? waited : lines.keys())
      if (next === undefined || lastTurn(tenant) < lastTurn(next)) next = tenant
    return next as string
  }

  function letThrough(): void {
    timer = undefined
    refill()
    while (tokens >= 1 && lines.size > 0) {
      const tenant = nextTenant()
      const [place] = lines.get(tenant) as [Place]
      leave(tenant, place)
      spend(tenant)
      place.pass()
    }
    wakeLater()
  }

  function wakeLater(): void {
    if (timer === undefined && lines.size > 0) timer = setTimeout(letThrough, Math.max(1, Math.ceil((1 - tokens) * msPerCall)))
  }

  /** How long a new call of this tenant would wait: for its own, and of each other tenant for as many as go before. */
  function waitOf(tenant: string): number {
    const own = lines.get(tenant)?.length ?? 0
    let before = own
    for (const [other, line] of lines) {
      if (other !== tenant) before += Math.min(line.length, lastTurn(other) <= lastTurn(tenant) ? own + 1 : own)
    }
    return (before + 1 - tokens) * msPerCall
  }

  function tooLate(waitMs: number, waitedMs = 0): Refusal {
    return new Refusal('rate_limited', {
      message: `The gateway takes ${perMinute} calls a minute from this address, and the turn of this one would come too late.`,
      retryAfterSeconds: Math.min(60, Math.max(1, Math.ceil(waitMs / 1000))),
      waitedMs,
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
    enter(tenant, patient) {
      refill()
      if (lines.size === 0 && tokens >= 1) {
        spend(tenant)
        return undefined
      }
      const waitMs = waitOf(tenant)
      if (!patient && waitMs > longestWaitMs) throw tooLate(waitMs - longestWaitMs)
      let place: Place
      const come = new Promise<void>((pass, refuse) => {
        const expire = (): void => {
          leave(tenant, place)
          refill()
          refuse(tooLate(waitOf(tenant), longestWaitMs))
        }
        place = { since: performance.now(), pass, timer: setTimeout(expire, longestWaitMs) }
        const line = lines.get(tenant)
        if (line === undefined) lines.set(tenant, [place])
        else line.push(place)
      })
      wakeLater()
      return { come, giveUp: () => leave(tenant, place) }
    },
    pause(seconds) {
      refill()
      tokens = Math.min(tokens, 1 - (seconds * 1000) / msPerCall)
      clearTimeout(timer)
      timer = undefined
      wakeLater()
    },
  }
}
