import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { refuseOnSocket } from '../answers/on-socket.js'
import { isBusy } from '../doors/asks-for-web-socket.js'
import { watchOffer } from '../doors/watch-offer.js'
import type { PublicAddress, Travelling } from '../public-address.js'
import { Refusal } from '../refusal.js'
import type { IsTrusted } from '../trusted-peers.js'
import type { Bounds } from './bounds.js'
import { Connection, type Go } from './connection.js'
import { HeldBytes } from './held-bytes.js'
import { awaitBody, lookAtBody } from './intake.js'
import { createLines, type Lines } from './lines.js'

/** Keeps what one client takes of this process within bounds; see ADR 0023. */
export interface Connections {
  readonly bounds: Bounds
  /** A client has connected; one connection too many is closed. */
  open(socket: Socket): unknown
  /** A request has come: `go` takes it in hand, at once or when its connection has few enough under way. */
  admit(request: IncomingMessage, response: ServerResponse, go: Go): void
  /** A connection has been silent for as long as its server waits: nothing was sent or received. */
  silent(socket: Socket): void
  /** The network that a request is counted for; `undefined` for a trusted proxy's own. */
  addressOf(request: Travelling): string | undefined
  /** The same of a request that no door took down. */
  addressOfRequest(request: IncomingMessage): string | undefined
  readonly held: HeldBytes
  /** Requests until it is known who sends them. */
  readonly identifying: Lines
  /** Requests to the backend. */
  readonly toBackend: Lines
  close(): void
}

export interface ConnectionsOptions {
  readonly bounds: Bounds
  readonly isTrusted: IsTrusted
  readonly publicAddress: PublicAddress
  readonly networkOf: (address: string) => string
}

/** How often the pace of bodies is looked at, in milliseconds. */
const lookMs = 1000

/** Refusals of one address that may be on their way at once; what comes beyond is closed without a word. */
const mostRefusalsAtOnce = 16

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
  const timer = setInterval(look, lookMs).unref()

  function look(): void {
    const now = performance.now()
    const seconds = (now - lookedAt) / 1000
    lookedAt = now
    for (const connection of receiving) {
      if (!lookAtBody(connection, bounds.minRate, seconds)) receiving.delete(connection)
    }
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
    if ((refusing.get(address) ?? 0) >= mostRefusalsAtOnce) {
      connection.socket.destroy()
      return
    }
    add(refusing, address, 1)
    connection.socket.once('close', () => add(refusing, address, -1))
    refuseOnSocket(tooManyConnections(), connection.socket)
  }

  /** Takes down a connection, and refuses it where it is one too many. */
  function open(socket: Socket): Connection {
    const connection = take(socket)
    const { address } = connection
    if (address !== undefined && (openOf.get(address) ?? 0) > bounds.perAddress) refuse(connection, address)
    return connection
  }

  function addressOf(request: Travelling): string | undefined {
    const connection = known.get(request.connection)
    if (connection?.address !== undefined) return connection.address
    const client = publicAddress.clientOf(request)
    return client === request.address && isTrusted(request.address) ? undefined : networkOf(client)
  }

  return {
    bounds,
    held,
    identifying: createLines({ underWay: bounds.underWay, share: Infinity, total: Infinity }),
    toBackend: createLines({ underWay: bounds.underWay, share: Math.ceil(bounds.toBackend / 2), total: bounds.toBackend }),
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
      // It waits for us, and reads what it gets: it may. What we do not read, be it that a client left, is a body or a request too many.
      const waits = isBusy(socket) && socket.writableLength === 0
      if (waits && (!socket.isPaused() || known.get(socket)?.request !== undefined)) return
      socket.destroy()
    },
    addressOf,
    addressOfRequest: ({ headers, socket }) => addressOf({ headers, address: socket.remoteAddress ?? '', connection: socket }),
    close() {
      clearInterval(timer)
    },
  }
}

function tooManyConnections(): Refusal {
  return new Refusal('rate_limited', { message: 'Too many connections of this address are open.', retryAfterSeconds: 1 })
}

/**
 * Takes a request in hand once its answer is the next on its connection. Of one that waits, Node queues the 100 that its
 * client expects, and would put the head of an answer that begins with bytes before it.
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
