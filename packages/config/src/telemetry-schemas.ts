import { z } from 'zod'
import { isHostAlone } from './address-forms.js'
import { fault } from './fault.js'
import { port, type Settings, url } from './schema-parts.js'

/** `telemetry`: what programs that watch the process may read, or are sent. */
export function createTelemetrySchema(strict: Settings) {
  return strict({
    /** A listener for Prometheus alone; the admin listener has the same text. */
    prometheus: strict({
      host: z
        .string()
        .min(1)
        .refine(isHostAlone, fault('is not a host alone', 'Write an address or a name; the port is telemetry.prometheus.port.'))
        .default('127.0.0.1')
        .describe('the address of [a listener for Prometheus](metrics.md), which asks nobody who they are'),
      port: port.default(9464).describe('its port; without `telemetry.prometheus` there is none'),
    }).optional(),
    /** A collector of spans, over OTLP/HTTP. */
    otlp: strict({
      url: url.describe(
        'the collector that gets [a span for each call and attempt](metrics.md#spans), over OTLP/HTTP: `http://127.0.0.1:4318`, to which `/v1/traces` is added; without `telemetry.otlp` there are no spans',
      ),
    }).optional(),
  })
}

/** `log`: what the log has beside a line for each call. */
export function createLogSchema(strict: Settings) {
  return strict({
    /** A line for each request to the backend; those that were refused always have one. */
    access: z
      .boolean()
      .default(false)
      .describe(
        'a line of [the log](log.md) for each request to the backend; without it, for those alone that Postern answered in its place',
      ),
  })
}
