import { dirname } from 'node:path'
import { type CheckedConfig, describeProblem, workersOf } from '@postern/config'
import { createLogLedger } from '@postern/instance'
import { type Log, tellAll } from '@postern/ports'
import { openInstance } from '@postern/express'
import { noteReload } from '../audit/note-reload.js'
import { openAudit } from '../audit/open-audit.js'
import { createConfiguration, type ReloadCause } from '../configuration.js'
import type { HangUps } from '../hang-ups.js'
import { appendToBoth } from '../ledger/append-to-both.js'
import { openLedger } from '../ledger/open-ledger.js'
import { requireConfig } from '../load-config.js'
import { logEvents } from '../log-events.js'
import { takeVariables } from '../own-variables.js'
import { openConfiguredStore } from '../open-store.js'
import { createLosses } from '../readiness/losses.js'
import { createReadiness } from '../readiness/readiness.js'
import { watchGateways } from '../readiness/watch-gateways.js'
import { watchStore } from '../readiness/watch-store.js'
import { requireListeners, takePassedSockets } from '../restart/passed-sockets.js'
import { startSidecar } from '../sidecar.js'
import type { OtherCounts } from '../telemetry/gather.js'
import type { Telemetry } from '../telemetry/open-telemetry.js'
import { untilSignal } from '../until-signal.js'
import { watchFiles } from '../watch-files.js'

/** How long the last lines of the log may take after the deadline of the shutdown, in milliseconds. */
const lastLinesMs = 5000

const noTelemetry: Telemetry = { witnesses: [], expose: undefined, close: () => Promise.resolve() }

/** If the configuration has no admin listener and no telemetry, no library is loaded. */
async function openTelemetry(current: () => CheckedConfig, log: Log, others?: () => Promise<OtherCounts>): Promise<Telemetry> {
  const { admin, telemetry } = current().config
  if (admin === undefined && telemetry === undefined) return noTelemetry
  return (await import('../telemetry/open-telemetry.js')).openTelemetry(current, log, others)
}

/** Runs the sidecar until it is told to stop. */
export async function start(hangUps: HangUps, options: { readonly config: string }): Promise<number> {
  const { checked, file, warnings, loaded } = requireConfig(options.config)
  takeVariables(checked.secretVariables)
  const ledger = createLogLedger()
  for (const warning of warnings) ledger.log('warn', describeProblem(warning).trim())
  const log: Log = (level, message, facts) => ledger.log(level, message, facts)
  const { sockets, otherPid } = takePassedSockets(process.env, process.pid)
  requireListeners(sockets, checked.config)
  if (otherPid !== undefined) log('warn', 'sockets that were passed to another process are not taken', { pid: process.pid, for: otherPid })
  let inUse = (): CheckedConfig => checked
  let countsOfWorkers = (): Promise<OtherCounts> => Promise.resolve({ living: [], ended: {} })
  const count = workersOf(checked.config)
  const telemetry = await openTelemetry(() => inUse(), log, count === 1 ? undefined : () => countsOfWorkers())
  const { store: opened, handOver } = await openConfiguredStore(checked, file, log)
  const losses = createLosses()
  const told = tellAll([logEvents(log), losses.witness, ...telemetry.witnesses])
  const gateways = watchGateways((name) => instance.runtime.gateways.get(name), told)
  const witness = tellAll([told, gateways.witness])
  const store = watchStore(opened, witness)
  const audit = await openAudit(() => inUse(), file, log).catch(async (error: unknown) => {
    await store.store.close()
    throw error
  })
  const kept = await openLedger(checked, dirname(file), log, witness).catch(async (error: unknown) => {
    await Promise.all([audit.close(), store.store.close()])
    throw error
  })
  const instance = openInstance(checked, {
    ledger: kept === undefined ? ledger : appendToBoth(ledger, kept),
    store: store.store,
    log,
    witness,
    hasListeners: true,
  })
  inUse = () => instance.checked
  const configuration = createConfiguration(loaded, instance, witness, () => workers?.handOn() ?? Promise.resolve())
  const current = () => ({ checked: instance.checked, dotenv: configuration.loaded.sources.dotenv })
  const workers =
    count === 1
      ? undefined
      : (await import('../workers/open-workers.js')).openWorkers({ count, current, sockets, store: store.store, ledger, log })
  if (workers !== undefined) countsOfWorkers = () => workers.counts()
  const readiness = createReadiness({ instance, store, auditTrouble: () => audit.trouble(), losses, workers })
  if (store.store.scope !== 'process') store.keepLooking()
  const serving = {
    runtime: instance,
    configuration,
    readiness,
    audit,
    directory: dirname(file),
    sockets,
    handOver,
    log,
    witness,
    expose: telemetry.expose,
    keyRing: store.store.keyRing,
    ...(workers === undefined
      ? {}
      : { dataSide: workers, liveCalls: (most: number, team: string | undefined) => workers.liveCalls(most, team) }),
  }
  const sidecar = await startSidecar(serving)
  const watches: ReturnType<typeof watchFiles>[] = []
  const begin = (): void => {
    ledger.log('info', 'listening', {
      url: `${sidecar.url}${checked.config.mount}/v1`,
      ...(sidecar.admin === undefined ? {} : { admin: sidecar.admin }),
      ...(sidecar.health === undefined ? {} : { health: sidecar.health }),
      ...(sidecar.metrics === undefined ? {} : { metrics: sidecar.metrics }),
      ...(workers === undefined ? {} : { workers: count }),
      ...(Object.keys(sockets).length === 0 ? {} : { passed: Object.keys(sockets) }),
    })
    // An audit may be long, and calls do not wait for it.
    void audit.checkEarlier()
    const reload = (cause: ReloadCause, who: string): void => {
      void noteReload(audit, configuration.reload(cause), { who })
    }
    hangUps.handle(() => reload('signal', 'signal'))
    watches.push(
      watchFiles({
        files: () => configuration.files.secrets,
        stateKnown: (file) => configuration.stateInUse(file),
        changed: () => reload('secret file', 'watch'),
      }),
      watchFiles({
        files: () => (instance.checked.config.reload.watch ? configuration.files.sources : []),
        stateKnown: (file) => configuration.stateWhenRead(file),
        changed: () => reload('watch', 'watch'),
      }),
    )
  }

  await untilSignal(async (signal) => {
    for (const watch of watches) watch.stop()
    const { deadline } = instance.checked.config.shutdown
    ledger.log('info', 'draining', { signal, deadline_ms: deadline })
    // The last lines wait for whoever reads the log, and for no longer than this.
    const lastLines = setTimeout(() => process.exit(0), deadline + lastLinesMs).unref()
    const inTime = await sidecar.close()
    store.stop()
    gateways.close()
    ledger.log(inTime ? 'info' : 'warn', inTime ? 'stopped' : 'stopped at the deadline; streams that were still open were cut')
    await Promise.all([kept?.close(), telemetry.close()])
    await ledger.close()
    clearTimeout(lastLines)
  }, begin)
  return 0
}
