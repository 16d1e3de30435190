import { fstatSync, readFileSync, statSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Failure } from '../failure.js'
import type { Place } from '../listen.js'
import type { ListenerName } from './passed-sockets.js'

/** How many connections may wait in the socket while no process takes them. The system may have a lower bound. */
const mostWaiting = 65_535

/** A socket that was passed to this process. */
export interface PassedSocket {
  readonly name: ListenerName
  readonly descriptor: number
  /** Where the configuration has the listener: a passed socket must be of the same kind, since who may do what depends on it. */
  readonly place: Place
}

/**
 * Listens on a socket that somebody else opened, and returns its address for people. When the server closes, the socket stays
 * open where it was opened, and so does the file of a Unix socket.
 *
 * @throws {Failure} if it is no socket that listens, or not of the kind that the configuration names.
 */
export async function listenOnPassed(server: Server, { name, descriptor, place }: PassedSocket): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void =>
      reject(new Failure(`Descriptor ${descriptor} was passed as the socket ${name} and cannot be listened on: ${error.message}.`))
    server.once('error', fail)
    try {
      // Node reads no `backlog` beside `fd`, and with its default of 511 a few seconds of load would not find room.
      server.listen({ fd: descriptor }, mostWaiting, resolve)
    } catch (error) {
      fail(error as Error)
    }
  })
  const address = server.address() as AddressInfo | null
  // Of a socket that it did not open itself, Node knows no path.
  const path = address === null ? pathOf(descriptor) : undefined
  const fault = address === null ? faultOfPath(name, path, place) : faultOfPort(name, address, place)
  if (fault !== undefined) throw new Failure(`The socket that was passed as ${name} ${fault}`)
  return address === null ? String(path) : urlOf(address)
}

/** The path of a Unix socket, as the system tells it. */
function pathOf(descriptor: number): string | undefined {
  // As bigints: after a plain `stat` of a socket, Node's search for modules no longer follows links.
  const { ino } = fstatSync(descriptor, { bigint: true })
  const lines = readFileSync('/proc/net/unix', 'utf8').split('\n')
  return lines.map((line) => /^\S+: (?:\S+ ){5}\s*(\d+) (\/.*)$/.exec(line)).find((match) => match?.[1] === String(ino))?.[2]
}

function faultOfPath(name: ListenerName, path: string | undefined, place: Place): string | undefined {
  if (name !== 'admin') return 'is a Unix socket. Pass one of TCP.'
  if (!('socket' in place)) return 'is a Unix socket, and the configuration has admin.port. Write admin.socket, or pass a port.'
  // Whoever can open it may do everything: as private as one that Postern makes itself.
  const mode = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false, bigint: true })?.mode
  if (mode === undefined) return 'is a Unix socket without a path.'
  return (mode & 0o077n) === 0n ? undefined : `(${path}) can be opened by others than its owner. Write SocketMode=0600.`
}

function faultOfPort(name: ListenerName, { address }: AddressInfo, place: Place): string | undefined {
  if (name !== 'admin') return undefined
  if ('socket' in place) return 'is a port, and the configuration has admin.socket. Write admin.port, or pass a Unix socket.'
  const isOwn = address === '::1' || /^(?:::ffff:)?127\./.test(address)
  return isOwn ? undefined : `listens on ${address}, where others reach it. Pass one of 127.0.0.1.`
}

function urlOf({ address, port }: AddressInfo): string {
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`
}
