import type { CheckedConfig } from '@postern/config'
import type { Log, Witness } from '@postern/ports'
import type { Expose } from './exposition.js'

/** What watches the process for others. */
export interface Telemetry {
  /** Each is told every event. */
  readonly witnesses: readonly Witness[]
  /** Writes what is counted; `undefined`: nobody can ask for it, and nothing is counted. */
  readonly expose: Expose | undefined
  /** Sends what is left to send. */
  close(): Promise<void>
}

/**
 * Opens what the configuration names, and loads nothing else. Where there is an admin listener, calls are counted from the start, and
 * what writes them down is loaded when somebody first asks.
 *
 * @param current The configuration in use.
 * @throws {Failure} if an optional package is needed and not installed.
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
