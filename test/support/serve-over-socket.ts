import { randomUUID } from 'node:crypto'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import type { Store } from '@postern/ports'
import { createChannelStore, openLink, serveStore } from '@postern/stores/channel'
import { patientMs } from './patient.js'

/** A store that is served over a socket, as the primary serves it to its workers over pipes. */
export interface SocketStore {
  /** Opens a handle, with a connection of its own. */
  readonly open: () => Store
  close(): Promise<void>
}

/** @param folder Where the socket is made. */
export function serveOverSocket(served: Store, folder: string): SocketStore {
  const path = join(folder, randomUUID())
  const server = createServer((socket) => serveStore(served, openLink(socket))).listen(path)
  const ends: (() => void)[] = []
  return {
    open() {
      const socket = connect(path)
      ends.push(() => socket.destroy())
      return createChannelStore(openLink(socket), patientMs)
    },
    async close() {
      for (const end of ends) end()
      await new Promise((done) => server.close(done))
      await served.close()
    },
  }
}
