import { isAbsolute, resolve } from 'node:path'
import type { Log, Runtime, Secret } from '@postern/core'
import type { Express } from 'express'
import { createAdminListener } from './admin-listener.js'
import { createDataListener, type Listener } from './data-listener.js'
import { listen, type Place } from './listen.js'

/** A running sidecar. */
export interface Sidecar {
  /** `http://127.0.0.1:8787`. */
  readonly url: string
  /** Where the admin listener is, if there is one. */
  readonly admin?: string
  /**
   * Stops accepting, lets streams finish up to the deadline, then ends.
   *
   * @returns Whether everything ended by itself.
   */
  close(): Promise<boolean>
}

export interface SidecarOptions {
  readonly runtime: Runtime
  /** What relative paths in the configuration are relative to. */
  readonly directory: string
  /** What the admin listener's programs must present. */
  readonly adminSecret?: Secret | undefined
  /** Pages beside the API. */
  readonly pages?: (app: Express) => void
  /** Where lines of the process itself are written. */
  readonly log?: Log | undefined
}

/** How often connections that have become idle are closed while draining, in milliseconds. */
const sweepMs = 50

/** How long clients have, after the deadline, to get the last frame of their streams, in milliseconds. */
const lastWordMs = 100

/** Opens the listeners of a compiled configuration. */
export async function startSidecar({ runtime, directory, adminSecret, pages, log }: SidecarOptions): Promise<Sidecar> {
  const { listen: data, admin, shutdown } = runtime.config
  const listeners: Listener[] = []
  const open = async (listener: Listener, place: Place): Promise<string> => {
    const address = await listen(listener.server, place)
    listeners.push(listener)
    return address
  }
  try {
    const url = await open(createDataListener(runtime, { pages, log }), data)
    const adminAddress = admin === undefined ? undefined : await open(openAdmin(runtime, adminSecret), adminPlace(admin, directory))
    return {
      url,
      ...(adminAddress === undefined ? {} : { admin: adminAddress }),
      async close() {
        runtime.drain()
        const ended = await Promise.all(listeners.map((listener) => closeListener(listener, shutdown.deadline, () => runtime.cut())))
        await runtime.close()
        return ended.every(Boolean)
      },
    }
  } catch (error) {
    await Promise.all(listeners.map((listener) => closeListener(listener, 0, () => runtime.cut())))
    throw error
  }
}

function adminPlace(admin: NonNullable<Runtime['config']['admin']>, directory: string): Place {
  if (!('socket' in admin)) return admin
  return { socket: isAbsolute(admin.socket) ? admin.socket : resolve(directory, admin.socket) }
}

function openAdmin(runtime: Runtime, secret: Secret | undefined): Listener {
  const server = createAdminListener(runtime, secret)
  return { server, cut: () => server.closeAllConnections() }
}

async function closeListener({ server, cut }: Listener, deadlineMs: number, endCalls: () => void): Promise<boolean> {
  let inTime = true
  const closed = new Promise<void>((done) => {
    server.close(() => done())
  })
  const sweep = setInterval(() => server.closeIdleConnections(), sweepMs)
  const deadline = setTimeout(() => {
    inTime = false
    endCalls()
    setTimeout(cut, lastWordMs)
  }, deadlineMs)
  server.closeIdleConnections()
  await closed
  clearInterval(sweep)
  clearTimeout(deadline)
  cut()
  return inTime
}
