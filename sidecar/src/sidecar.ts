import { currentRuntime, type Runtime, type Serving } from '@postern/instance'
import type { Log, Secret } from '@postern/ports'
import type { Express } from 'express'
import { createAdminListener } from './admin-listener.js'
import { adminPlace } from './admin/place.js'
import type { Audit } from './audit/audit.js'
import type { Configuration } from './configuration.js'
import { createDataListener, type Listener } from './data-listener.js'
import { createHealthListener } from './health-listener.js'
import { listen, type Place } from './listen.js'
import { createReadiness, type Readiness } from './readiness/readiness.js'

/** A running sidecar. */
export interface Sidecar {
  /** The address of the data listener, such as `http://127.0.0.1:8787`. */
  readonly url: string
  /** The URL or socket path of the admin listener, if there is one. */
  readonly admin?: string
  /** The URL of the listener for probes, if there is one. */
  readonly health?: string
  /**
   * Stops accepting connections, lets calls finish until `shutdown.deadline`, then ends them.
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
  /** What programs must present to the admin listener. */
  readonly adminSecret?: Secret | undefined
  /** Adds pages beside the API, if there is no backend. */
  readonly pages?: (app: Express) => void
  /** Receives messages of the process itself. */
  readonly log?: Log | undefined
}

/** How often idle connections are closed while draining, in milliseconds. */
const sweepMs = 50

/** How long clients have, after the deadline, to receive the last bytes of their streams, in milliseconds. */
const lastWordMs = 100

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
  pages,
  log,
}: SidecarOptions): Promise<Sidecar> {
  const { listen: data, admin, health } = currentRuntime(instance).config
  const probes = health === undefined ? undefined : createHealthListener(readiness)
  const listeners: Listener[] = []
  const open = (listener: Listener, place: Place): Promise<string> => {
    listeners.push(listener)
    return listen(listener.server, place)
  }
  try {
    const url = await open(createDataListener(instance, { pages, log }), data)
    const openAdmin = (): Listener => {
      const server = createAdminListener(instance, adminSecret, configuration, readiness, audit)
      return { server, cut: () => server.closeAllConnections() }
    }
    const adminAddress = admin === undefined ? undefined : await open(openAdmin(), adminPlace(admin, directory))
    // Last, so that nobody is told that the process is ready before it listens.
    const healthAddress = probes === undefined || health === undefined ? undefined : await listen(probes, health)
    return {
      url,
      ...(adminAddress === undefined ? {} : { admin: adminAddress }),
      ...(healthAddress === undefined ? {} : { health: healthAddress }),
      async close() {
        instance.drain()
        const { deadline } = currentRuntime(instance).config.shutdown
        const ended = await Promise.all(listeners.map((listener) => closeListener(listener, deadline, () => instance.cut())))
        // Until here probes were told that the process lives, and is not ready.
        probes?.close()
        probes?.closeAllConnections()
        await audit?.close()
        await instance.close()
        return ended.every(Boolean)
      },
    }
  } catch (error) {
    await Promise.all(listeners.map((listener) => closeListener(listener, 0, () => instance.cut())))
    // Why the start failed matters more than a failure to close.
    probes?.close()
    await audit?.close().catch(() => {})
    await instance.close().catch(() => {})
    throw error
  }
}

async function closeListener({ server, refuse, cut }: Listener, deadlineMs: number, endCalls: () => void): Promise<boolean> {
  let inTime = true
  const closed = new Promise<void>((done) => {
    server.close(() => done())
  })
  const sweep = setInterval(() => server.closeIdleConnections(), sweepMs)
  const deadline = setTimeout(() => {
    inTime = false
    endCalls()
    refuse?.()
    setTimeout(cut, lastWordMs)
  }, deadlineMs)
  server.closeIdleConnections()
  await closed
  clearInterval(sweep)
  clearTimeout(deadline)
  cut()
  return inTime
}
