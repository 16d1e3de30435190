import { createErrorClassifier, namesCallerObject } from '@postern/gateways'
import { type Arrival, ClientGone, cutAtShutdown, cutByRevocation, describeProxy, type Uses, type Witness } from '@postern/ports'
import type { Tap } from '../observe/observe.js'
import type { Cleared } from '../journey.js'
import type { Gateway, Route } from '../resolve/route.js'
import type { Tags } from '../tag/tag.js'
import { OpenList } from '../lib/open-list.js'
import { createAnswerEdits } from './answer-edit.js'
import type { OriginOf } from './answer-links.js'
import type { ExchangeFacts, Upstream } from './exchange.js'
import { GatewayCall, type OpenCall } from './gateway-call.js'
import { openUpstream } from '../connect/open-upstream.js'
import type { Outcome } from './outcome.js'
import { prepareHeaders } from './prepare-headers.js'
import { type KeySecret, LoadedKeys, prepareKeys } from './prepare-key.js'
import { createRecordPattern, type EventPattern } from './event-pattern.js'
import { createAddressQueue, type QueuedCall } from './address-queue.js'
import { forgetClient, onceClientGone } from '../lib/watch-client.js'

/**
 * Sends a cleared call to the gateway, with the key, and its answer to the client.
 *
 * @throws {Refusal} for an error of the gateway, if no answer arrives, or if the session of the call is revoked, as long as the client
 *   has got no head.
 * @throws {ClientGone} if the client disconnects before the request is sent.
 */
export type Forward = (cleared: Cleared, tags: Tags, tap: Tap) => Promise<Outcome>

export interface ForwardRoom {
  readonly forward: Forward
  /** Ends every call in flight at once, with `cut_shutdown`. */
  cut(): void
}

/** The search for loaded keys in answers, which all runtimes share. */
export function shareLoadedKeys(uses: Uses): LoadedKeys {
  return uses.share('loaded keys', null, () => new LoadedKeys())
}

/**
 * @param keys The secrets that answers are searched for, and about how many there are.
 * @param witness Is told of streams, and of calls that wait for their turn.
 */
export function createForward(
  gateways: readonly Gateway[],
  { keys, expected }: { readonly keys: Iterable<KeySecret>; readonly expected: number },
  originOf: OriginOf,
  uses: Uses,
  witness: Witness = () => {},
): ForwardRoom {
  const upstreams = new Map(gateways.map((gateway) => [gateway, openGateway(gateway, uses)]))
  const editOf = createAnswerEdits()
  const open = new OpenList<OpenCall>()
  const loaded = shareLoadedKeys(uses)
  // Nothing is opened: what is used is the place of these keys in the search.
  uses.until(() => loaded.remove(keys))
  loaded.add(keys, expected)
  const preparedOf = prepareKeys(loaded.search)

  return {
    forward({ arrival, sink, route, permit, call, reservation }, tags, tap) {
      if (sink.destroyed || arrival.connection.destroyed)
        return Promise.reject(new ClientGone('The client left while it was being identified.'))
      if (call?.isRevoked === true) return Promise.reject(cutByRevocation())
      const upstream = upstreams.get(route.gateway) as Upstream
      const { use } = route.key
      const key = preparedOf(route.key)
      const records = recordsOf(upstream, route)
      const facts = {
        arrival,
        route,
        permit,
        tags,
        tap,
        sink,
        key,
        upstream,
        records,
        edit: editOf(route),
        originOf,
        call,
        reservation,
        witness,
      }
      const turn = needsNoKey(route, arrival) ? undefined : upstream.addressQueue?.enter(route.tenant, tags.attempt > 1)
      use?.begin()
      const sent = turn === undefined ? send(facts, open) : waitFor(turn, facts, open).then(() => send(facts, open))
      return use === undefined ? sent : sent.finally(() => use.end())
    },
    cut() {
      for (const exchange of open.all()) exchange.cut(cutAtShutdown)
    },
  }
}

/** Connections and the queue outlive a runtime: the gateway goes on counting this address's calls whatever is configured here. */
function openGateway(gateway: Gateway, uses: Uses): Upstream {
  const { name, origin, proxy, timeouts, addressLimit } = gateway
  const { connectMs, headersMs, idleMs } = timeouts
  return {
    dispatcher: uses.share(
      'upstream',
      { origin, proxy: describeProxy(proxy), connectMs, headersMs, idleMs },
      () => openUpstream(gateway),
      (dispatcher) => dispatcher.close(),
    ),
    errors: createErrorClassifier(gateway.dialect),
    records: new Map(),
    addressQueue:
      addressLimit === undefined
        ? undefined
        : uses.share('address queue', { name, origin, addressLimit }, () => createAddressQueue(addressLimit)),
  }
}

function send(facts: ExchangeFacts, open: OpenList<OpenCall>): Promise<Outcome> {
  const { arrival, route, permit, tags, sink, key, upstream } = facts
  return new Promise((resolve, reject) => {
    const exchange = new GatewayCall(facts, resolve, reject, open)
    onceClientGone(arrival, sink, () => exchange.clientClosed())
    upstream.dispatcher.dispatch(
      {
        method: arrival.method,
        // No query beside the id of a caller's object: a gateway could read the id of another object in the query.
        path: route.upstreamPath + (namesCallerObject(route.endpoint) ? '' : (permit.query ?? arrival.query)),
        headers: prepareHeaders(arrival, permit, tags, key, needsNoKey(route, arrival)),
        body: permit.body,
      },
      exchange,
    )
  })
}

/** Whether the gateway takes the call without a key: a GET of an `open` endpoint. Other methods, also HEAD, need one and are counted. */
function needsNoKey({ endpoint }: Route, { method }: Arrival): boolean {
  return endpoint.open === true && method === 'GET'
}

/** Waits for a call's turn in the queue. */
function waitFor(turn: QueuedCall, { arrival, sink, call, route, witness }: ExchangeFacts, open: OpenList<OpenCall>): Promise<void> {
  const ownMs = arrival.watch.ownMs()
  const gateway = route.gateway.name
  const queuedAt = performance.now()
  witness({ type: 'call_queued', gateway })
  let isQueued = true
  const left = (granted: boolean): void => {
    if (isQueued) witness({ type: 'call_left_queue', gateway, waitedMs: performance.now() - queuedAt, granted })
    isQueued = false
  }
  return new Promise((resolve, reject) => {
    const queued: OpenCall = {
      place: -1,
      cut(cut) {
        open.delete(queued)
        turn.cancel()
        left(false)
        reject(cut(false))
      },
    }
    const gone = (): void => {
      open.delete(queued)
      turn.cancel()
      left(false)
      reject(new ClientGone('The client left while it waited for its turn.'))
    }
    open.add(queued)
    call?.waitsFor(queued)
    onceClientGone(arrival, sink, gone)
    const over = (granted: boolean): void => {
      left(granted)
      arrival.watch.waitedSince(ownMs)
      open.delete(queued)
      forgetClient(arrival, sink, gone)
    }
    turn.granted.then(
      () => over(true),
      () => over(false),
    )
    turn.granted.then(resolve, reject)
  })
}

function recordsOf(upstream: Upstream, { gateway, endpoint }: Route): EventPattern {
  let records = upstream.records.get(endpoint.format)
  if (records === undefined) upstream.records.set(endpoint.format, (records = createRecordPattern(gateway, endpoint.format)))
  return records
}
