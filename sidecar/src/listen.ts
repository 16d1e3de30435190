import { chmod, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Failure } from './failure.js'

/** Where a server listens: a port of an address, or a Unix socket. */
export type Place = { readonly host: string; readonly port: number } | { readonly socket: string }

/**
 * Starts listening and gives the address for people.
 *
 * @throws {Failure} where the place is taken or forbidden.
 */
export async function listen(server: Server, place: Place): Promise<string> {
  // A socket file that a killed process left behind would make every later start fail.
  if ('socket' in place) await rm(place.socket, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(describeListenError(error, place)))
    server.listen('socket' in place ? { path: place.socket } : place, resolve)
  })
  if ('socket' in place) {
    await chmod(place.socket, 0o600)
    return place.socket
  }
  const { port } = server.address() as AddressInfo
  return `http://${place.host.includes(':') ? `[${place.host}]` : place.host}:${port}`
}

function describeListenError(error: Error, place: Place): Error {
  const code = 'code' in error ? error.code : undefined
  const where = 'socket' in place ? place.socket : `${place.host}:${place.port}`
  if (code === 'EADDRINUSE') return new Failure(`${where} is taken by another process. Choose another port, or stop that process.`)
  if (code === 'EACCES') return new Failure(`${where} may not be used by this user. Choose a port above 1023.`)
  if (code === 'EADDRNOTAVAIL') return new Failure(`${where} is not an address of this machine.`)
  return error
}
