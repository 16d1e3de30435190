import { connect } from 'node:net'

/** What came back on a connection. */
export interface RawAnswer {
  readonly text: string
  /** The status of every final answer, in order. */
  readonly statuses: readonly number[]
  /** Whether the peer closed the connection. */
  readonly closed: boolean
}

/** If nothing comes for this long after an answer, no other is expected, in milliseconds. */
const quietMs = 80
/** How long to wait for the first answer, and for the end of a connection of which an answer says that it ends, in milliseconds. */
const patienceMs = 5000
const saysClose = /^connection: close\r$/im

/** Sends bytes as they are (a text as latin1), and waits until the peer closes or sends nothing more. */
export function rawConnection(origin: string, bytes: string | Buffer): Promise<RawAnswer> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname)
    let text = ''
    const finish = (closed: boolean): void => {
      socket.destroy()
      resolve({ text, closed, statuses: statusesOf(text) })
    }
    socket.setTimeout(patienceMs, () => finish(false))
    socket.on('connect', () => socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes))
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      if (statusesOf(text).length > 0) socket.setTimeout(saysClose.test(text) ? patienceMs : quietMs)
    })
    socket.on('end', () => finish(true))
    socket.on('error', () => finish(true))
  })
}

function statusesOf(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)).filter((status) => status !== 100)
}
