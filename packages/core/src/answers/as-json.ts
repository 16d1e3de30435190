import type { Arrival, ResponseSink } from '@postern/ports'
import { headerNames, serializeGovernance } from '@postern/protocol'
import { exposeHeaders } from './expose-headers.js'
import type { Outcome } from '../forward/outcome.js'
import { notKept } from './privacy.js'
import { hasLeft } from './refuse.js'
import { writeRecord } from './record.js'
import type { Tags } from '../tag/tag.js'

/** An answer of Postern's own, without a gateway. */
export interface JsonAnswer {
  readonly status: number
  /** `undefined` for a 204. */
  readonly body?: object
}

/** Writes Postern's own answer, with an id and a record like every answer, and `Cache-Control: no-store`. */
export function answerJson({ status, body }: JsonAnswer, arrival: Arrival, tags: Tags, sink: ResponseSink): Outcome {
  if (hasLeft(arrival, sink)) return { finish: 'client_closed', status: 499, record: writeRecord({ tags, finish: 'client_closed' }) }
  const record = writeRecord({ tags, finish: 'complete', overheadMs: arrival.watch.wholeMs() })
  const text = body === undefined ? undefined : JSON.stringify(body)
  const described =
    text === undefined ? [] : ['Content-Type', 'application/json; charset=utf-8', 'Content-Length', String(Buffer.byteLength(text))]
  sink.writeHead(status, [
    ...described,
    'Cache-Control',
    notKept,
    headerNames.requestId,
    record.request_id,
    headerNames.governance,
    serializeGovernance(record),
    'Access-Control-Expose-Headers',
    exposeHeaders([]),
    ...arrival.answerHeaders,
  ])
  sink.end(text)
  return { finish: 'complete', status, record }
}
