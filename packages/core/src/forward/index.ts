import { createErrorClassifier, type Endpoint, type ErrorClassifier } from '@postern/gateways'
import type { Finish } from '@postern/protocol'
import type { Dispatcher } from 'undici'
import type { Arrival, ResponseSink } from '../arrival.js'
import type { Tap } from '../observe/index.js'
import type { Permit } from '../police/permit.js'
import { ClientGone } from '../refusal.js'
import type { Gateway, KeyLease, Route } from '../resolve/route.js'
import type { Tags } from '../tag/index.js'
import { readAnswerHead } from './answer-head.js'
import { chooseDelivery } from './choose-delivery.js'
import { classifyFailure } from './classify-failure.js'
import type { Delivery, Exchange } from './exchange.js'
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
      const upstream = upstreams.get(route.gateway) as Upstream
      const key = prepared.get(route.key) as PreparedKey
      return exchange(upstream, key, arrival, route, permit, tags, tap, sink)
    },
    async close() {
      await Promise.all([...upstreams.values()].map(({ dispatcher }) => dispatcher.close()))
    },
  }
}

function recordsOf(upstream: Upstream, { gateway, endpoint }: Route): RecordPattern {
  let records = upstream.records.get(endpoint.format)
  if (records === undefined) upstream.records.set(endpoint.format, (records = createRecordPattern(gateway.dialect, endpoint.format)))
  return records
}

function exchange(
  upstream: Upstream,
  key: PreparedKey,
  arrival: Arrival,
  route: Route,
  permit: Permit,
  tags: Tags,
  tap: Tap,
  sink: ResponseSink,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined
    let delivery: Delivery | undefined
    let settled = false
    /** Until the request left, the time was ours but for what the client took to send it. */
    const ownMs = performance.now() - arrival.startedAt - permit.waitedMs
    let answeredAt = 0

    const self: Exchange = {
      arrival,
      route,
      permit,
      tags,
      tap,
      sink,
      key,
      errors: upstream.errors,
      records: recordsOf(upstream, route),
      governance: (finish: Finish | undefined) => tap.governance(finish, ownMs + (answeredAt === 0 ? 0 : performance.now() - answeredAt)),
      settle(outcome) {
        if (settled) return
        settled = true
        resolve(outcome)
      },
      refuse(error) {
        if (settled) return
        settled = true
        reject(error)
      },
      abort: (reason) => controller?.abort(reason),
    }

    sink.once('close', () => {
      if (settled) return
      const status = sink.headersSent ? 200 : 499
      self.settle({ finish: 'client_closed', status, record: self.governance('client_closed') })
      controller?.abort(new ClientGone('The client left.'))
    })

    upstream.dispatcher.dispatch(
      {
        method: arrival.method,
        path: `${route.gateway.basePath}/${route.endpointPath}${arrival.query}`,
        headers: prepareHeaders(arrival, permit, tags, key),
        body: permit.body,
      },
      {
        onRequestStart(started) {
          controller = started
          if (sink.destroyed) started.abort(new ClientGone('The client left.'))
        },
        onResponseStart(started, status) {
          if (status < 200) return
          answeredAt = performance.now()
          const passed = route.gateway.dialect.governance.passedHeaders
          const head = readAnswerHead(status, started.rawHeaders as Buffer[], passed, key.secrets)
          tap.head(head.header)
          delivery = chooseDelivery(self, head)
        },
        onResponseData(started, chunk) {
          answeredAt = performance.now()
          if (settled || (delivery as Delivery).chunk(chunk)) return
          started.pause()
          sink.once('drain', () => started.resume())
        },
        onResponseEnd() {
          if (!settled) delivery?.end()
        },
        onResponseError(_, error) {
          if (settled) return
          if (delivery === undefined) self.refuse(classifyFailure(error))
          else delivery.broken(error)
        },
      },
    )
  })
}
