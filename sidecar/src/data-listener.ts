import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import {
  createNodeDoor,
  currentRuntime,
  faultOfTargetForExpress,
  findFault,
  FramedResponse,
  guardServer,
  isUnderMount,
  type NodeListener,
  OfferingMessage,
  refuseAtDoor,
  refuseUpgrade,
  type Serving,
  takeOriginForm,
} from '@postern/instance'
import type { Witness } from '@postern/ports'
import type { Express } from 'express'
import { followBackend } from './follow-backend.js'
import { createGuardedServer } from './guarded-server.js'

/** How long the head of a request may take to arrive, in milliseconds. */
const headersMs = 60_000

export interface DataListenerOptions {
  /** Adds pages beside the API, if there is no backend. */
  readonly pages?: ((app: Express) => void) | undefined
  /** Gets an event when a request to the backend ends, and when an outage of the backend begins or ends. Default: events are dropped. */
  readonly witness?: Witness | undefined
}

export interface Listener {
  readonly server: Server
  /** Refuses every request that waits for somebody else than the gateway. */
  readonly refuse?: () => void
  /** Closes every connection, also those that were upgraded from HTTP. */
  readonly cut: () => void
}

/**
 * The data listener. API calls go straight to the corridor; everything else goes to the backend or, without one, to
 * an Express application. Express is loaded for that application alone.
 */
export async function createDataListener(instance: Serving, { pages, witness }: DataListenerOptions = {}): Promise<Listener> {
  const { config } = currentRuntime(instance)
  const options = { keepAliveTimeout: config.listen.keepAlive, headersTimeout: headersMs, ServerResponse: FramedResponse }
  const guard = (server: Server): Server => guardServer(server, instance)
  const backend = config.backend === undefined ? undefined : followBackend(instance, config.backend, witness)
  const local = backend === undefined ? await createPages(instance, pages) : answerKeys(instance)
  // A request that `findFault` objects to gets no local answer either; `backend.pass` checks for itself.
  const answerLocally: NodeListener = (request, response) => {
    const fault = findFault(request) ?? faultOfTargetForExpress(request)
    if (fault === undefined) local(request, response)
    else refuseAtDoor(instance, request, response, fault)
  }
  const door = createNodeDoor(instance, (request, response) => {
    if (backend === undefined || asksForKeys(instance, request)) answerLocally(request, response)
    else backend.now().pass(request, response)
  })
  if (backend === undefined) {
    const server = createGuardedServer(options, door, guard)
    return { server, cut: () => server.closeAllConnections() }
  }
  const server = createGuardedServer({ ...options, IncomingMessage: OfferingMessage }, door, guard)
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (isUnderMount(currentRuntime(instance).config.mount, takeOriginForm(request))) refuseUpgrade(request, socket)
    else backend.now().upgrade(request, socket, head)
  })
  return {
    server,
    refuse: () => backend.cut(),
    cut: () => {
      server.closeAllConnections()
      backend.close()
    },
  }
}

async function createPages(instance: Serving, pages?: (app: Express) => void): Promise<NodeListener> {
  const { createPageApp } = await import('./page-app.js')
  return createPageApp(instance, pages)
}

/** How long a backend may cache the keys (`max-age`), in seconds. */
const keysMaxAge = 300

/** Whether a request asks for the public keys with which the backend verifies assertions. */
function asksForKeys(instance: Serving, { url, method }: IncomingMessage): boolean {
  const { assertions } = currentRuntime(instance)
  return assertions !== undefined && url === assertions.path && (method === 'GET' || method === 'HEAD')
}

function answerKeys(instance: Serving): NodeListener {
  return ({ method }, response) => {
    const body = Buffer.from(currentRuntime(instance).assertions?.jwks ?? '')
    const headers = {
      'Content-Type': 'application/jwk-set+json',
      'Content-Length': body.length,
      'Cache-Control': `public, max-age=${keysMaxAge}`,
    }
    response.writeHead(200, headers).end(method === 'HEAD' ? undefined : body)
  }
}
