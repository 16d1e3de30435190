import type { CheckedConfig } from '@postern/config'
import type { Log, Witness } from '@postern/ports'
import type { Expose } from './exposition.js'
import type { OtherCounts } from './gather.js'

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
 * @param others Asks other processes whose metrics are told with those of this one. Default: there are none.
 * @throws {Failure} if the configuration needs an optional package that is not installed.
 */
export async function openTelemetry(current: () => CheckedConfig, log: Log, others?: () => Promise<OtherCounts>): Promise<Telemetry> {
  const { admin, telemetry: { prometheus, otlp } = {} } = current().config
  const witnesses: Witness[] = []
  let expose: Expose | undefined
  if (admin !== undefined || prometheus !== undefined) {
    const [{ createMeter }, { exposeWhenAsked, openExposition }] = await Promise.all([import('./meter.js'), import('./exposition.js')])
    const { witness, families: own } = createMeter(current)
    witnesses.push(witness)
    const gathered = others === undefined ? undefined : (await import('./gather.js')).gatherFamilies(own, others)
    const families = gathered?.families ?? own
    const write = prometheus === undefined ? exposeWhenAsked(families) : await openExposition(families)
    expose = gathered?.fresh(write) ?? write
  }
  const spans = otlp === undefined ? undefined : await (await import('./otlp.js')).openSpans(otlp.url, log)
  if (spans !== undefined) witnesses.push(spans.witness)
  return {
    witnesses,
    expose,
    close: () => spans?.close() ?? Promise.resolve(),
  }
}
