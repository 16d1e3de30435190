import type { CheckedConfig } from '@postern/config'
import type { Log, Witness } from '@postern/ports'
import type { Snapshot } from '../telemetry/snapshot.js'

/** What a worker counts, and the spans that it sends. */
export interface WorkerTelemetry {
  readonly witnesses: readonly Witness[]
  /** What was counted since the worker began. `undefined`: nothing is counted. */
  counted(): Snapshot | undefined
  /** Sends the spans that wait. */
  close(): Promise<void>
}

/**
 * Opens the telemetry of a worker: it counts, and the primary writes the metrics; it sends its spans itself.
 *
 * @param current The configuration in use.
 * @throws {Failure} if the configuration needs an optional package that is not installed.
 */
export async function openWorkerTelemetry(current: () => CheckedConfig, log: Log): Promise<WorkerTelemetry> {
  const { admin, telemetry: { prometheus, otlp } = {} } = current().config
  const witnesses: Witness[] = []
  let counted: WorkerTelemetry['counted'] = () => undefined
  if (admin !== undefined || prometheus !== undefined) {
    const [{ createMeter }, { takeSnapshot }] = await Promise.all([import('../telemetry/meter.js'), import('../telemetry/snapshot.js')])
    const { witness, families } = createMeter(current)
    witnesses.push(witness)
    counted = () => takeSnapshot(families)
  }
  const spans = otlp === undefined ? undefined : await (await import('../telemetry/otlp.js')).openSpans(otlp.url, log)
  if (spans !== undefined) witnesses.push(spans.witness)
  return { witnesses, counted, close: () => spans?.close() ?? Promise.resolve() }
}
