import { type Arrival, ClientGone, Refusal, type ResponseSink, type Witness } from '@postern/ports'
import type { Cleared } from '../journey.js'
import type { Route } from '../resolve/route.js'
import type { Tags } from '../tag/tag.js'
import { isStream } from '../lib/is-stream.js'
import { forgetClient, onceClientGone } from '../lib/watch-client.js'

/** What another attempt goes on with. */
export interface NextAttempt {
  /** Why the attempt before failed. */
  readonly refusal: Refusal
  /** The route of the next one: with another secret of the key, if the gateway refused the one before. */
  readonly route: Route
}

/**
 * Hears of a failed attempt. If another may follow, waits for its time.
 *
 * A gateway that refuses the secret of a key has run nothing: if the key has another one, that is tried at once, however often the
 * gateway's calls are tried otherwise.
 *
 * @throws The failure itself, if no other attempt may follow; {@link ClientGone} if the client leaves during the wait.
 */
export type Retry = (error: unknown, call: Pick<Cleared, 'arrival' | 'sink' | 'route' | 'permit'>, tags: Tags) => Promise<NextAttempt>

/** The `openai` client counts its own retries in this header. If it retries itself, Postern does not. */
const clientRetryCount = 'x-stainless-retry-count'

/** @param witness Is told each failure of an attempt. */
export function createRetry(witness: Witness): Retry {
  return async (error, { arrival, sink, route, permit }, tags) => {
    if (error instanceof Refusal) tellFailed(witness, error, route, tags)
    if (!(error instanceof Refusal)) throw error
    const canSendAgain = !isStream(permit.body) && !sink.headersSent
    const other = error.code === 'gateway_key_rejected' && canSendAgain ? route.key.instead?.() : undefined
    if (other !== undefined) return { refusal: error, route: { ...route, key: other } }
    if (error.details.mayRetry !== true) throw error
    const { attempts } = route.gateway
    const { longestWaitMs } = route.gateway.dialect.retries
    const askedMs = (error.details.gatewayAskedSeconds ?? 0) * 1000
    if (tags.attempt >= attempts || askedMs > longestWaitMs || !canSendAgain || retriesItself(arrival)) throw error
    await pause(askedMs + jitter(route, tags), arrival, sink)
    return { refusal: error, route }
  }
}

function tellFailed(witness: Witness, { code }: Refusal, route: Route, { attempt, requestId }: Tags): void {
  const [gateway, key] = [route.gateway.name, route.key.alias]
  witness({ type: 'attempt_failed', gateway, key, attempt, code })
  if (code === 'gateway_key_rejected') witness({ type: 'key_rejected', gateway, key, requestId })
}

function retriesItself({ headers }: Arrival): boolean {
  const count = headers[clientRetryCount]
  return count !== undefined && count !== '0'
}

/** Full jitter: calls that failed at the same time do not retry at the same time. In milliseconds. */
function jitter({ gateway }: Route, { attempt }: Tags): number {
  const { firstWaitMs, longestWaitMs } = gateway.dialect.retries
  return Math.random() * Math.min(longestWaitMs, firstWaitMs * 2 ** (attempt - 1))
}

function pause(ms: number, arrival: Arrival, sink: ResponseSink): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = (): void => {
      clearTimeout(timer)
      reject(new ClientGone('The client left between two attempts.'))
    }
    const timer = setTimeout(() => {
      forgetClient(arrival, sink, gone)
      resolve()
    }, ms)
    onceClientGone(arrival, sink, gone)
  })
}
