import { chmod, lstat, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { Failure } from './failure.js'

/** Where a server listens: a port of an address, or a Unix socket. */
export type Place = { readonly host: string; readonly port: number } | { readonly socket: string }

/** Somebody else listens there. */
export class PlaceTaken extends Failure {}

/**
 * Starts listening and returns the address for people.
 *
 * @throws {Failure} if the port or path is taken or may not be used.
 */
export async function listen(server: Server, place: Place): Promise<string> {
  if ('socket' in place) await clearSocket(place.socket)
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void => reject(describeListenError(error, place))
    server.once('error', fail)
    server.once('listening', () => server.off('error', fail))
    // The mask makes the socket private (0600) from its first moment.
    const mask = 'socket' in place ? process.umask(0o177) : undefined
    server.listen('socket' in place ? { path: place.socket } : place, resolve)
    if (mask !== undefined) process.umask(mask)
  })
  if ('socket' in place) {
    await chmod(place.socket, 0o600)
    return place.socket
  }
  const { port } = server.address() as AddressInfo
  return `http://${place.host.includes(':') ? `[${place.host}]` : place.host}:${port}`
}

/**
 * Removes a socket that a killed process left behind: it would make every later start fail.
 *
 * @throws {Failure} if a running process answers there, or the file is not a socket.
 */
async function clearSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found === undefined) return
  if (!found.isSocket()) throw new Failure(`${path} is there already and is not a socket. Choose another path for admin.socket.`)
  const answered = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => resolve(true)).on('error', () => resolve(false))
    probe.on('connect', () => probe.destroy())
  })
  if (answered) throw new Failure(`${path} is taken by another process. Choose another path for admin.socket, or stop that process.`)
  await rm(path, { force: true })
}

function describeListenError(error: Error, place: Place): Error {
  const code = 'code' in error ? error.code : undefined
  const where = 'socket' in place ? place.socket : `${place.host}:${place.port}`
  if (code === 'EADDRINUSE') return new PlaceTaken(`${where} is taken by another process. Choose another port, or stop that process.`)
  if ('socket' in place) return new Failure(`${where} cannot be made a socket: ${error.message}. Choose another path for admin.socket.`)
  if (code === 'EACCES') return new Failure(`${where} may not be used by this user. Choose a port above 1023.`)
  if (code === 'EADDRNOTAVAIL')
    return new Failure(
      `${where} is not an address of this machine. Choose another listen.host: 127.0.0.1 for this machine alone, 0.0.0.0 for every address that it has.`,
    )
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return new Failure(`${where} does not resolve to an address. Choose another listen.host.`)
  return error
}
