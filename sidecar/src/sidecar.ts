import type { Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { currentRuntime, type Runtime, type Serving } from '@postern/instance'
import type { KeyRing, Log, Secret, Witness } from '@postern/ports'
import type { Express } from 'express'
import type { TellLiveCalls } from './admin/calls.js'
import { adminPlace } from './admin/place.js'
import type { Audit } from './audit/audit.js'
import type { Configuration } from './configuration.js'
import { createDataListener, type Listener } from './data-listener.js'
import { createDataSide, type DataSide } from './data-side.js'
import { createHealthListener } from './health-listener.js'
import { createLazyReader } from './ledger/lazy-reader.js'
import { listen, type Place } from './listen.js'
import { logEvents } from './log-events.js'
import { createReadiness, type Readiness } from './readiness/readiness.js'
import { closeListener } from './restart/close-listener.js'
import { listenOnPassed } from './restart/listen-on-passed.js'
import type { Expose } from './telemetry/exposition.js'
import { openProbes } from './restart/open-probes.js'
import type { ListenerName, PassedSockets } from './restart/passed-sockets.js'

/** A running sidecar. */
export interface Sidecar {
  /** The address of the data listener, such as `http://127.0.0.1:8787`. */
  readonly url: string
  /** The URL or socket path of the admin listener, if there is one. */
  readonly admin?: string
  /** The URL of the listener for probes, if there is one. */
  readonly health?: string
  /** The URL of the listener for Prometheus; `undefined` if there is none, or another process has the port. */
  readonly metrics?: string
  /**
   * Stops accepting connections, takes what is still sent on open ones for a moment, then drains: lets calls finish until `shutdown.deadline`, then ends them.
   *
   * @returns Whether every call ended before the deadline.
   */
  close(): Promise<boolean>
}

export interface SidecarOptions {
  /** What the listeners serve, and `close` closes. */
  readonly runtime: Serving & Pick<Runtime, 'drain' | 'cut' | 'close'>
  /** If it is given, the admin listener can have it read again. */
  readonly configuration?: Configuration
  /** What the admin listener says of the process. Default: it knows nothing of the store. */
  readonly readiness?: Readiness
  /** Where it is written down who changed what; `close` closes it. Default: nowhere. */
  readonly audit?: Audit
  /** The folder that relative paths in the configuration begin at. */
  readonly directory: string
  /** Sockets that were passed to the process and listen already. */
  readonly sockets?: PassedSockets
  /** Called when this process begins to drain: from then on another one may admit calls. */
  readonly handOver?: () => void
  /** What programs must present to the admin listener. */
  readonly adminSecret?: Secret | undefined
  /** Adds pages beside the API, if there is no backend. */
  readonly pages?: (app: Express) => void
  /** Receives messages of the process itself. */
  readonly log?: Log | undefined
  /** Writes the metrics, for `telemetry.prometheus` and the admin listener. Default: neither has metrics. */
  readonly expose?: Expose | undefined
  /** Keys that change while the process runs, for the admin listener. Default: there are none. */
  readonly keyRing?: KeyRing | undefined
  /** Takes callers' requests. Default: a listener of this process. */
  readonly dataSide?: DataSide | undefined
  /** Knows the calls under way. Default: this process serves them. */
  readonly liveCalls?: TellLiveCalls | undefined
  /** Gets an event when a request to the backend ends. Default: `log` gets a line if the request failed. */
  readonly witness?: Witness | undefined
}

/** How long calls are still taken on connections that were accepted before the signal to stop, in milliseconds. */
const lastCallsMs = 250

/** How long what programs asked the admin listener for may still be written into the audit, in milliseconds. */
const lastLinesMs = 1000

/**
 * Opens the listeners of a compiled configuration. Rejects with a `Failure` if an address cannot be used; then closes the
 * runtime or instance, and its store with it.
 */
export async function startSidecar({
  runtime: instance,
  configuration,
  readiness = createReadiness({ instance }),
  audit,
  directory,
  adminSecret,
  sockets = {},
  handOver = () => {},
  pages,
  log = () => {},
  witness = logEvents(log),
  expose,
  keyRing,
  dataSide,
  liveCalls,
}: SidecarOptions): Promise<Sidecar> {
  const { listen: data, admin, health, telemetry } = currentRuntime(instance).config
  const metrics = expose === undefined ? undefined : await openMetricsListener(expose, telemetry?.prometheus, log)
  const probes = health === undefined ? undefined : createHealthListener(readiness)
  const openData = (server: Server): Promise<string> => open('data', server, data)
  const calls = dataSide ?? createDataSide(await createDataListener(instance, { pages, witness }), openData, () => instance.cut())
  const ledger = createLazyReader(
    configuration?.instance.checked ?? { config: currentRuntime(instance).config, secrets: new Map() },
    directory,
  )
  const adminListener =
    admin === undefined
      ? undefined
      : (await import('./admin-listener.js')).createAdminListener({
          instance,
          secret: adminSecret,
          configuration,
          readiness,
          audit,
          ledger,
          expose,
          keyRing,
          liveCalls,
        })
  const listeners: Listener[] = []

  /** On the socket that was passed for a listener, or else where the configuration has it. */
  const open = (name: ListenerName, server: Server, place: Place): Promise<string> => {
    const { [name]: descriptor } = sockets
    return descriptor === undefined ? listen(server, place) : listenOnPassed(server, { name, descriptor, place })
  }
  const close = (listener: Listener, deadlineMs: number): Promise<boolean> => closeListener(listener, deadlineMs, () => instance.cut())
  const stopping = new AbortController()
  const closeMetrics = (): void => {
    metrics?.close()
    metrics?.closeAllConnections()
  }
  const closeProbes = (): void => {
    stopping.abort()
    closeMetrics()
    probes?.close()
    probes?.closeAllConnections()
  }
  /** The next process writes into the audit as soon as nobody asks this one for anything any more. */
  async function closeAudit(adminEnded: Promise<unknown>): Promise<void> {
    await Promise.race([adminEnded, sleep(lastLinesMs, undefined, { ref: false })])
    await audit?.close()
  }

  try {
    const url = await calls.open()
    let adminAddress: string | undefined
    if (adminListener !== undefined && admin !== undefined) {
      listeners.push({ server: adminListener, cut: () => adminListener.closeAllConnections() })
      adminAddress = await open('admin', adminListener, adminPlace(admin, directory))
    }
    const metricsAddress = await openMetrics()
    // Last, so that nobody is told that the process is ready before it listens.
    const healthAddress = await openHealth()
    return {
      url,
      ...(adminAddress === undefined ? {} : { admin: adminAddress }),
      ...(healthAddress === undefined ? {} : { health: healthAddress }),
      ...(metricsAddress === undefined ? {} : { metrics: metricsAddress }),
      async close() {
        const { deadline } = currentRuntime(instance).config.shutdown
        readiness.leave()
        // Whoever passed the socket passes it to the next process too, which answers from now on.
        if (sockets.health !== undefined) closeProbes()
        const othersEnded = Promise.all(listeners.map((listener) => close(listener, deadline)))
        const taken = Math.min(lastCallsMs, deadline / 2)
        await calls.leave(taken)
        instance.drain()
        handOver()
        const [inTime, othersInTime] = await Promise.all([calls.close(deadline - taken), othersEnded, closeAudit(othersEnded)])
        // Until here probes were told that the process lives, and is not ready.
        closeProbes()
        await ledger.close()
        await instance.close()
        return inTime && othersInTime.every(Boolean)
      },
    }
  } catch (error) {
    await Promise.all([calls.close(0), ...listeners.map((listener) => close(listener, 0))])
    // Why the start failed matters more than a failure to close.
    closeProbes()
    await audit?.close().catch(() => {})
    await ledger.close()
    await instance.close().catch(() => {})
    throw error
  }

  async function openMetrics(): Promise<string | undefined> {
    const place = telemetry?.prometheus
    if (metrics === undefined || place === undefined) return undefined
    const { listenWhenFree } = await import('./telemetry/listen-when-free.js')
    return listenWhenFree(metrics, place, log, stopping.signal)
  }

  async function openHealth(): Promise<string | undefined> {
    if (probes === undefined || health === undefined) return undefined
    return sockets.health === undefined ? openProbes(probes, health, log, stopping.signal) : open('health', probes, health)
  }
}

async function openMetricsListener(expose: Expose, place: { readonly host: string } | undefined, log: Log): Promise<Server | undefined> {
  if (place === undefined) return undefined
  const { createMetricsListener } = await import('./telemetry/metrics-listener.js')
  return createMetricsListener({ expose, host: place.host, log })
}
