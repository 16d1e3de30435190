import { createErrorClassifier, type Endpoint, type ErrorClassifier } from '@postern/gateways'
import type { Dispatcher } from 'undici'
import type { Arrival, ResponseSink } from '../arrival.js'
import type { Tap } from '../observe/index.js'
import type { Permit } from '../police/permit.js'
import type { Gateway, KeyLease, Route } from '../resolve/route.js'
import type { Tags } from '../tag/index.js'
import { ClientGone } from '../refusal.js'
import { GatewayExchange } from './gateway-exchange.js'
import { openUpstream } from './open-upstream.js'
import type { Outcome } from './outcome.js'
import { prepareHeaders } from './prepare-headers.js'
import { type PreparedKey, prepareKey } from './prepare-key.js'
import { createRecordPattern, type RecordPattern } from './record-pattern.js'

/**
 * Carries the bytes out to the gateway and back, with the key.
 *
 * @throws {Refusal} where the client gets an error instead: the gateway's, or that there was no answer.
 */
export type Forward = (arrival: Arrival, route: Route, permit: Permit, tags: Tags, tap: Tap, sink: ResponseSink) => Promise<Outcome>

export interface ForwardRoom {
  readonly forward: Forward
  /** Lets what is under way end, then closes the connections. */
  close(): Promise<void>
}

/** What is known of a gateway before the first request. */
interface Upstream {
  readonly dispatcher: Dispatcher
  readonly errors: ErrorClassifier
  readonly records: Map<Endpoint['format'], RecordPattern>
}

export function createForward(gateways: readonly Gateway[], keys: readonly KeyLease[]): ForwardRoom {
  const upstreams = new Map<Gateway, Upstream>(
    gateways.map((gateway) => [
      gateway,
      { dispatcher: openUpstream(gateway), errors: createErrorClassifier(gateway.dialect), records: new Map() },
    ]),
  )
  const prepared = new Map<KeyLease, PreparedKey>(keys.map((key) => [key, prepareKey(key)]))

  return {
    forward(arrival, route, permit, tags, tap, sink) {
      if (sink.destroyed || arrival.connection.destroyed)
        return Promise.reject(new ClientGone('The client left while it was being identified.'))
      const upstream = upstreams.get(route.gateway) as Upstream
      const key = prepared.get(route.key) as PreparedKey
      return new Promise((resolve, reject) => {
        const exchange = new GatewayExchange(
          { arrival, route, permit, tags, tap, sink, key, errors: upstream.errors, records: recordsOf(upstream, route) },
          resolve,
          reject,
        )
        watchClient(arrival, sink, exchange)
        upstream.dispatcher.dispatch(
          {
            method: arrival.method,
            path: `${route.gateway.basePath}/${route.endpointPath}${arrival.query}`,
            headers: prepareHeaders(arrival, permit, tags, key),
            body: permit.body,
          },
          exchange,
        )
      })
    },
    async close() {
      await Promise.all([...upstreams.values()].map(({ dispatcher }) => dispatcher.close()))
    },
  }
}

/** Tells an exchange when its client is gone. */
function watchClient({ connection }: Arrival, sink: ResponseSink, exchange: GatewayExchange): void {
  if (sink.socket !== null) {
    sink.once('close', () => exchange.clientClosed())
    return
  }
  // An answer that waits for an earlier one on its connection is not told when the connection ends.
  const gone = (): void => exchange.clientClosed()
  // As many answers may wait as a client pipelines; each takes its listener off again.
  connection.setMaxListeners(0)
  connection.on('close', gone)
  sink.once('close', () => {
    connection.off('close', gone)
    gone()
  })
}

function recordsOf(upstream: Upstream, { gateway, endpoint }: Route): RecordPattern {
  let records = upstream.records.get(endpoint.format)
  if (records === undefined) upstream.records.set(endpoint.format, (records = createRecordPattern(gateway.dialect, endpoint.format)))
  return records
}
