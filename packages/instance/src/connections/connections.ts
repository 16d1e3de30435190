import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { refuseOnSocket } from '../doors/on-socket.js'
import { isBusy } from '../doors/asks-for-web-socket.js'
import { watchOffer } from '../doors/watch-offer.js'
import type { IsTrusted } from '@postern/config'
import { createFairQueue, type FairQueue } from '@postern/core'
import { type PeerFacts, type PublicAddress, Refusal } from '@postern/ports'
import type { Bounds } from './bounds.js'
import { Connection, type Go } from './connection.js'
import { HeldBytes } from './held-bytes.js'
import { awaitBody, lookAtBody, refuseBody } from './intake.js'

/** Bounds what one client may use of this process. See ADR 0023. */
export interface Connections {
  readonly bounds: Bounds
  /** Call when a client has connected. If its address has too many connections, refuses with 429 and closes this one. */
  open(socket: Socket): unknown
  /** Call with each request: calls `go`, at once or when the connection has few enough requests under way. */
  admit(request: IncomingMessage, response: ServerResponse, go: Go): void
  /** Call when the server's inactivity timeout has passed on a connection. Destroys it, unless its client waits for us. */
  silent(socket: Socket): void
  /** The network that a request is counted for; `undefined`: not counted, because a trusted proxy itself sent it. */
  addressOf(request: PeerFacts): string | undefined
  /** The same for a request of Node's. */
  addressOfRequest(request: IncomingMessage): string | undefined
  readonly held: HeldBytes
  /** The queue of requests whose caller is being identified. */
  readonly identifying: FairQueue
  /** The queue of requests to the backend. */
  readonly toBackend: FairQueue
  /** Refuses every request whose body is not whole and whose answer has not begun. */
  refuseBodies(refusal: Refusal): void
  /** Stops the timer, once the last unfinished body is whole or gone. */
  close(): void
}

export interface ConnectionsOptions {
  readonly bounds: Bounds
  readonly isTrusted: IsTrusted
  readonly publicAddress: PublicAddress
  readonly networkOf: (address: string) => string
}

/** How often the rate of unfinished bodies is checked, in milliseconds. */
const lookMs = 1000

/** The most refused connections of one address that are open at once; further ones are destroyed without an answer. */
const maxRefusalsAtOnce = 16

export function createConnections({ bounds, isTrusted, publicAddress, networkOf }: ConnectionsOptions): Connections {
  const known = new WeakMap<object, Connection>()
  const openOf = new Map<string, number>()
  const refusing = new Map<string, number>()
  const receiving = new Set<Connection>()
  const held = new HeldBytes(bounds.heldBytes, bounds.heldInAll)
  const duties = {
    keep: (address: string | undefined, bytes: number) => held.take(address, bytes),
    letGo: (address: string | undefined, bytes: number) => held.letGo(address, bytes),
    underWay: bounds.underWay,
  }
  let lookedAt = performance.now()
  let isClosed = false
  const timer = setInterval(look, lookMs).unref()

  function look(): void {
    const now = performance.now()
    const seconds = (now - lookedAt) / 1000
    lookedAt = now
    for (const connection of receiving) {
      if (!lookAtBody(connection, bounds.minRate, seconds)) receiving.delete(connection)
    }
    if (isClosed && receiving.size === 0) clearInterval(timer)
  }

  function take(socket: Socket): Connection {
    const peer = socket.remoteAddress ?? ''
    const address = isTrusted(peer) ? undefined : networkOf(peer)
    const connection = new Connection(socket, address, duties)
    known.set(socket, connection)
    if (address !== undefined) add(openOf, address, 1)
    socket.once('close', () => {
      connection.end()
      receiving.delete(connection)
      if (address !== undefined) add(openOf, address, -1)
    })
    return connection
  }

  function refuse(connection: Connection, address: string): void {
    connection.refused = true
    if ((refusing.get(address) ?? 0) >= maxRefusalsAtOnce) {
      connection.socket.destroy()
      return
    }
    add(refusing, address, 1)
    connection.socket.once('close', () => add(refusing, address, -1))
    refuseOnSocket(tooManyConnections(), connection.socket)
  }

  /** Registers a connection, and refuses it if its address has too many. */
  function open(socket: Socket): Connection {
    const connection = take(socket)
    const { address } = connection
    if (address !== undefined && (openOf.get(address) ?? 0) > bounds.perAddress) refuse(connection, address)
    return connection
  }

  function addressOf(request: PeerFacts): string | undefined {
    const connection = known.get(request.connection)
    if (connection?.address !== undefined) return connection.address
    const client = publicAddress.clientOf(request)
    return client === request.address && isTrusted(request.address) ? undefined : networkOf(client)
  }

  return {
    bounds,
    held,
    identifying: createFairQueue({ underWay: bounds.underWay, share: Infinity, total: Infinity }),
    toBackend: createFairQueue({ underWay: bounds.underWay, share: Math.ceil(bounds.toBackend / 2), total: bounds.toBackend }),
    open,
    admit(request, response, go) {
      const { socket } = request
      const connection = known.get(socket) ?? open(socket)
      if (connection.refused) return
      if (!watchOffer(request, response)) connection.refused = true
      if (hasBody(request)) {
        awaitBody(connection, request, response, bounds.minRate)
        receiving.add(connection)
      }
      if (response.socket !== null) go(request, response)
      else connection.pipeline(request, response, request.headers.expect === undefined ? go : inTurn(go))
    },
    silent(socket) {
      // Keep the connection if its client waits for an answer and has read all that was sent, and if either we read the
      // socket or it is paused for a body. A socket that is paused for another reason does not tell when its client leaves.
      const waits = isBusy(socket) && socket.writableLength === 0
      if (waits && (!socket.isPaused() || known.get(socket)?.request !== undefined)) return
      socket.destroy()
    },
    addressOf,
    addressOfRequest: ({ headers, socket }) => addressOf({ headers, address: socket.remoteAddress ?? '', connection: socket }),
    refuseBodies(refusal) {
      for (const { request, response } of receiving)
        if (request !== undefined && !request.complete && !request.destroyed && response?.headersSent !== true) refuseBody(request, refusal)
    },
    close() {
      isClosed = true
      look()
    },
  }
}

function tooManyConnections(): Refusal {
  return new Refusal('rate_limited', { message: 'Too many connections of this address are open.', retryAfterSeconds: 1 })
}

/**
 * For a pipelined request with `Expect: 100-continue`: waits until its answer is the next on the connection. Before, Node
 * queues the 100, and would send the head of an answer that begins with bytes before that 100.
 */
function inTurn(go: Go): Go {
  return (request, response) => {
    if (response.socket === null) response.once('socket', () => process.nextTick(go, request, response))
    else go(request, response)
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

function add(counts: Map<string, number>, name: string, more: number): void {
  const count = (counts.get(name) ?? 0) + more
  if (count === 0) counts.delete(name)
  else counts.set(name, count)
}
