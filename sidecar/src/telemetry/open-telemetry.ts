import type { CheckedConfig } from '@postern/config'
import type { Log, Witness } from '@postern/ports'
import type { Expose } from './exposition.js'

/** Counts events, and sends spans of them. */
export interface Telemetry {
  /** Each of them gets every event. */
  readonly witnesses: readonly Witness[]
  /** Writes the metrics. `undefined`: no listener has metrics, and nothing is counted. */
  readonly expose: Expose | undefined
  /** Sends the spans that wait. */
  close(): Promise<void>
}

/**
 * Opens the telemetry that the configuration names, and loads no other library. If there is an admin listener, calls are counted from the
 * start; the library that writes the metrics is loaded at the first question.
 *
 * @param current The configuration in use.
 * @throws {Failure} if the configuration needs an optional package that is not installed.
 */
export async function openTelemetry(current: () => CheckedConfig, log: Log): Promise<Telemetry> {
  const { admin, telemetry: { prometheus, otlp } = {} } = current().config
  const witnesses: Witness[] = []
  let expose: Expose | undefined
  if (admin !== undefined || prometheus !== undefined) {
    const [{ createMeter }, { exposeWhenAsked, openExposition }] = await Promise.all([import('./meter.js'), import('./exposition.js')])
    const { witness, families } = createMeter(current)
    witnesses.push(witness)
    expose = prometheus === undefined ? exposeWhenAsked(families) : await openExposition(families)
  }
  const spans = otlp === undefined ? undefined : await (await import('./otlp.js')).openSpans(otlp.url, log)
  if (spans !== undefined) witnesses.push(spans.witness)
  return {
    witnesses,
    expose,
    close: () => spans?.close() ?? Promise.resolve(),
  }
}
