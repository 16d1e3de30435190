import type { CheckedConfig } from '@postern/config'
import { openInstance } from '@postern/express'
import { createLogLedger, currentRuntime, tellLiveCalls } from '@postern/instance'
import { type Log, tellAll } from '@postern/ports'
import type { Link } from '@postern/stores/channel'
import { createDataListener } from '../data-listener.js'
import { createDataSide, type DataSide } from '../data-side.js'
import { appendToBoth } from '../ledger/append-to-both.js'
import { openLedger } from '../ledger/open-ledger.js'
import { listen } from '../listen.js'
import { logEvents } from '../log-events.js'
import { watchGateways } from '../readiness/watch-gateways.js'
import { createReadiness } from '../readiness/readiness.js'
import { watchStore } from '../readiness/watch-store.js'
import { listenOnPassed } from '../restart/listen-on-passed.js'
import { createLogWriter } from './log-writer.js'
import { openWorkerStore } from './open-worker-store.js'
import { unpackConfig } from './packed-config.js'
import { askOver, type Beginning, type PrimaryQuestions, type WorkerQuestions } from './questions.js'
import { openWorkerTelemetry } from './worker-telemetry.js'

/** How long the primary may take to count a failed authentication, in milliseconds. */
const failedMs = 5000

/** What a worker does once it has begun. */
export interface ServedCalls extends Omit<WorkerQuestions, 'begin'> {
  /** The address of the data listener. */
  readonly url: string
}

/**
 * Serves callers in a worker, as the primary says.
 *
 * @throws {Failure} by rejecting, if something cannot be opened.
 */
export async function serveCalls(link: Link, { config, sockets }: Beginning): Promise<ServedCalls> {
  const checked = unpackConfig(config)
  const askPrimary = askOver<PrimaryQuestions>(link)
  const ledger = createLogLedger(createLogWriter(askPrimary, warnOfLoss))
  const log: Log = (level, message, facts) => ledger.log(level, message, { ...facts, worker: process.pid })
  let inUse = (): CheckedConfig => checked
  const telemetry = await openWorkerTelemetry(() => inUse(), log)
  const told = tellAll([logEvents(log), ...telemetry.witnesses])
  const gateways = watchGateways((name) => instance.runtime.gateways.get(name), told)
  const witness = tellAll([told, gateways.witness])
  const store = watchStore(await openWorkerStore(checked, link), witness)
  const kept = await openLedger(checked, checked.directory, log, witness)
  const instance = openInstance(checked, {
    ledger: kept === undefined ? ledger : appendToBoth(ledger, kept),
    store: store.store,
    log,
    witness,
    hasListeners: true,
    countFailedAttempts: (settings) => ({
      // If the primary does not answer, the client waits a second.
      count: (address) => askPrimary('failed', [settings, address], failedMs).catch(() => 1),
      close() {},
    }),
  })
  inUse = () => instance.checked
  const readiness = createReadiness({ instance, store })
  const { data: descriptor } = sockets
  const place = checked.config.listen
  const calls: DataSide = createDataSide(
    await createDataListener(instance, { witness }),
    (server) => (descriptor === undefined ? listen(server, place) : listenOnPassed(server, { name: 'data', descriptor, place })),
    () => instance.cut(),
  )
  return {
    url: await calls.open(),
    async take(next) {
      instance.replace(unpackConfig(next))
    },
    readiness: () => readiness.look(),
    counted: async () => telemetry.counted(),
    liveCalls: async (most, team) => tellLiveCalls(currentRuntime(instance), most, team),
    async leave(takenMs) {
      await calls.leave(takenMs)
      instance.drain()
    },
    async end(deadlineMs) {
      const inTime = await calls.close(deadlineMs)
      gateways.close()
      await instance.close()
      await Promise.all([kept?.close(), telemetry.close()])
      await ledger.close()
      return inTime
    },
  }
}

function warnOfLoss(reason: string): void {
  process.emitWarning(`Log lines are being lost: ${reason}`, { code: 'POSTERN_LEDGER' })
}
