import { createServer } from 'node:http'
import { listenAnywhere } from './house.js'

/** A span as a collector got it. */
export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly name: string
  /** 2: of a server; 3: of a client. */
  readonly kind: number
  readonly startMs: number
  readonly endMs: number
  readonly attributes: Readonly<Record<string, unknown>>
  readonly events: readonly string[]
  /** 2: an error. */
  readonly status: number | undefined
}

/** A collector that takes spans over OTLP/HTTP, in JSON. */
export interface OtlpReceiver {
  readonly url: string
  readonly spans: readonly ReceivedSpan[]
  /** Everything that came, as text. */
  text(): string
  /** The paths that were asked for. */
  readonly paths: readonly string[]
  /** The status of its answers from now on. */
  answer(status: number): void
  close(): Promise<void>
}

interface RawSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[]
  readonly events?: readonly { readonly name: string }[]
  readonly status?: { readonly code?: number }
}

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = []
  const paths: string[] = []
  let all = ''
  let status = 200
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (piece: Buffer) => (body += piece.toString()))
    request.on('end', () => {
      paths.push(request.url as string)
      all += body
      if (status === 200) {
        const { resourceSpans } = JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: RawSpan[] }[] }[] }
        spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans.map(read))))
      }
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
    })
  })
  const url = await listenAnywhere(server)
  return {
    url,
    spans,
    text: () => all,
    paths,
    answer: (next) => (status = next),
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

function read(span: RawSpan): ReceivedSpan {
  const toMs = (nanoseconds: string): number => Number(BigInt(nanoseconds) / 1000n) / 1000
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId === '' ? undefined : span.parentSpanId,
    name: span.name,
    kind: span.kind,
    startMs: toMs(span.startTimeUnixNano),
    endMs: toMs(span.endTimeUnixNano),
    attributes: Object.fromEntries(span.attributes.map(({ key, value }) => [key, Object.values(value)[0]])),
    events: (span.events ?? []).map(({ name }) => name),
    status: span.status?.code,
  }
}
