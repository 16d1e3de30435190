import type { AddressLimit } from '@postern/gateways'
import { Refusal } from '@postern/ports'

/** A call in the queue. */
export interface QueuedCall {
  /** Resolves when the call may be sent; rejects with 429 `rate_limited` after `longestWaitMs`. */
  readonly granted: Promise<void>
  /** Removes the call from the queue, because its client has left. */
  cancel(): void
}

/** The queue of a gateway that counts calls by address. It serves tenants in turn. */
export interface AddressQueue {
  /**
   * Puts a call into its tenant's queue; `undefined`: send the call at once.
   *
   * @param isRetry A retry: never refused for the length of the queue, but it too waits no longer than `longestWaitMs`.
   * @throws {Refusal} 429 `rate_limited` if the call would wait longer than `longestWaitMs`.
   */
  enter(tenant: string, isRetry: boolean): QueuedCall | undefined
  /** Sends no call for this many seconds: the gateway answered 429, since others call from this address too. */
  pause(seconds: number): void
}

interface Waiter {
  readonly since: number
  readonly grant: () => void
  readonly timer: NodeJS.Timeout
}

/** How many tenants' last calls are remembered. */
const rememberedTenants = 10_000

/**
 * Mirrors the gateway's token bucket. The next call is of the tenant whose last call is longest ago; a new tenant counts as
 * longest. Exception: if some tenants have waited more than half of `longestWaitMs`, the next call is of one of them, so that
 * new tenants cannot starve them. A tenant that sends a thousand calls delays only itself: another tenant waits for one call
 * of each tenant before it.
 */
export function createAddressQueue(limit: AddressLimit & { readonly longestWaitMs: number }): AddressQueue {
  const { burst, perMinute, longestWaitMs } = limit
  const msPerCall = 60_000 / perMinute
  /** The waiting calls of each tenant, in order. */
  const queues = new Map<string, Waiter[]>()
  /** The number of each tenant's last call, counted over all tenants. */
  const turns = new Map<string, number>()
  let calls = 0
  /** Capacity of the bucket: one call less than `burst`, since calls travel unequally long and the gateway counts them on arrival. */
  const capacity = Math.max(1, burst - 1)
  let tokens = capacity
  let filledAt = performance.now()
  let timer: NodeJS.Timeout | undefined

  function refill(): void {
    const now = performance.now()
    tokens = Math.min(capacity, tokens + (now - filledAt) / msPerCall)
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
    const waited = [...queues].filter(([, [head]]) => (head as Waiter).since < long).map(([tenant]) => tenant)
    let next: string | undefined
    for (const tenant of waited.length > 0 ? waited : queues.keys())
      if (next === undefined || lastTurn(tenant) < lastTurn(next)) next = tenant
    return next as string
  }

  function grantDue(): void {
    timer = undefined
    refill()
    while (tokens >= 1 && queues.size > 0) {
      const tenant = nextTenant()
      const [place] = queues.get(tenant) as [Waiter]
      leave(tenant, place)
      spend(tenant)
      place.grant()
    }
    wakeLater()
  }

  function wakeLater(): void {
    if (timer === undefined && queues.size > 0) timer = setTimeout(grantDue, Math.max(1, Math.ceil((1 - tokens) * msPerCall)))
  }

  /** Milliseconds that a new call of this tenant would wait: for the tenant's own calls, and for those of others that go before. */
  function waitOf(tenant: string): number {
    const own = queues.get(tenant)?.length ?? 0
    let before = own
    for (const [other, line] of queues) {
      if (other !== tenant) before += Math.min(line.length, lastTurn(other) <= lastTurn(tenant) ? own + 1 : own)
    }
    return (before + 1 - tokens) * msPerCall
  }

  function tooLate(waitMs: number): Refusal {
    return new Refusal('rate_limited', {
      message: `The gateway takes ${perMinute} calls a minute from this address, and the turn of this one would come too late.`,
      retryAfterSeconds: Math.min(60, Math.max(1, Math.ceil(waitMs / 1000))),
    })
  }

  function leave(tenant: string, place: Waiter): void {
    clearTimeout(place.timer)
    const line = queues.get(tenant)
    const at = line?.indexOf(place) ?? -1
    if (line === undefined || at === -1) return
    line.splice(at, 1)
    if (line.length === 0) queues.delete(tenant)
  }

  return {
    enter(tenant, patient) {
      refill()
      if (queues.size === 0 && tokens >= 1) {
        spend(tenant)
        return undefined
      }
      const waitMs = waitOf(tenant)
      if (!patient && waitMs > longestWaitMs) throw tooLate(waitMs - longestWaitMs)
      let place: Waiter
      const come = new Promise<void>((pass, refuse) => {
        const expire = (): void => {
          leave(tenant, place)
          refill()
          refuse(tooLate(waitOf(tenant)))
        }
        place = { since: performance.now(), grant: pass, timer: setTimeout(expire, longestWaitMs) }
        const line = queues.get(tenant)
        if (line === undefined) queues.set(tenant, [place])
        else line.push(place)
      })
      wakeLater()
      return { granted: come, cancel: () => leave(tenant, place) }
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
