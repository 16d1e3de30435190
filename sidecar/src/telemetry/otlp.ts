import type { Log, Witness } from '@postern/ports'
import type { SpanExporter } from '@opentelemetry/sdk-trace-base'
import { Failure } from '../failure.js'
import { GivenIds } from './given-ids.js'

/** How long the last spans may take when the process ends, in milliseconds. */
const lastSpansMs = 2000

/** Sends spans to a collector. */
export interface Spans {
  readonly witness: Witness
  /** Sends the spans that wait; takes two seconds at most. */
  close(): Promise<void>
}

/**
 * Loads OpenTelemetry, and sends the spans of each call that ends to a collector: in batches. Up to 2,048 spans
 * wait; further ones are lost. Calls never wait for spans.
 *
 * @param url The URL of the collector, without `/v1/traces`.
 * @throws {Failure} if a package of OpenTelemetry is not installed: they are optional dependencies.
 */
export async function openSpans(url: string, log: Log): Promise<Spans> {
  const { OTLPTraceExporter } = await optional(() => import('@opentelemetry/exporter-trace-otlp-http'))
  return openSpansTo(withLog(new OTLPTraceExporter({ url: `${url.replace(/\/+$/, '')}/v1/traces` }), log))
}

/**
 * As {@link openSpans}, with any exporter of spans.
 *
 * @throws {Failure} if a package of OpenTelemetry is not installed.
 */
export async function openSpansTo(exporter: SpanExporter): Promise<Spans> {
  const { resourceFromAttributes, sdk, writeSpans } = await optional(load)
  const ids = new GivenIds(new sdk.RandomIdGenerator())
  const provider = new sdk.BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'postern' }),
    idGenerator: ids,
    // `writeSpans` has decided before: it makes no span if the caller's trace is not recorded.
    sampler: new sdk.AlwaysOnSampler(),
    spanProcessors: [new sdk.BatchSpanProcessor(exporter)],
  })
  const tracer = provider.getTracer('postern')
  return {
    witness: (event) => {
      if (event.type === 'call_ended') writeSpans(tracer, ids, event)
    },
    async close() {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<void>((done) => {
        timer = setTimeout(done, lastSpansMs)
      })
      await Promise.race([provider.shutdown().catch(() => {}), late])
      clearTimeout(timer)
    },
  }
}

async function load() {
  const [{ resourceFromAttributes }, sdk, { writeSpans }] = await Promise.all([
    import('@opentelemetry/resources'),
    import('@opentelemetry/sdk-trace-base'),
    import('./spans.js'),
  ])
  return { resourceFromAttributes, sdk, writeSpans }
}

async function optional<Module>(loadIt: () => Promise<Module>): Promise<Module> {
  try {
    return await loadIt()
  } catch (error) {
    throw new Failure(`telemetry.otlp needs the packages of OpenTelemetry, which cannot be loaded: ${(error as Error).message}`)
  }
}

/** Writes one log line when spans begin to be lost, and one when spans arrive again. */
function withLog(exporter: SpanExporter, log: Log): SpanExporter {
  let isFailing = false
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const failed = result.error !== undefined
        if (failed && !isFailing) log('warn', 'spans_lost', { reason: result.error?.message ?? 'The collector did not take them.' })
        if (!failed && isFailing) log('info', 'spans_sent_again')
        isFailing = failed
        done(result)
      })
    },
    shutdown: () => exporter.shutdown(),
    ...(exporter.forceFlush === undefined ? {} : { forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve() }),
  }
}
