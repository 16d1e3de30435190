import { connect, type Socket } from 'node:net'
import { type Answer, AnswerReader } from './answer-reader.js'

/** Where a door is: a port of this machine, or a Unix socket. */
export type Door = { readonly port: number } | { readonly path: string }

/** What one client does on a connection of its own. */
export interface Visit {
  readonly pieces: readonly Buffer[]
  /** Between two pieces, in milliseconds; 0 is the next turn. */
  readonly pauseMs: number
  /** The methods of the requests in it, as far as they are known. */
  readonly methods: readonly string[]
  /** How many answers it waits for; `undefined`: until nothing more comes. */
  readonly expected: number | undefined
  readonly leave: Leave
}

/** How a client leaves: once it has its answers; with half a connection closed after its last byte, or all of it; or after its first bytes of an answer. */
export type Leave = 'answered' | 'half closed' | 'gone when sent' | 'gone when answered'

/** What a visit brought. */
export interface Received {
  readonly answers: readonly Answer[]
  /** All bytes that came. */
  readonly bytes: Buffer
  /** Why they are no answers. */
  readonly fault: string | undefined
  /** What the connection failed with. */
  readonly error: string | undefined
  readonly ended: 'by the server' | 'by the client' | 'late' | 'unanswered'
}

/** How long nothing may come before no more is expected, in milliseconds: where answers are expected, and where it is not known. */
const patienceMs = 6000
const quietMs = 60

/** How long a server may take to close a connection after its client did, in milliseconds. */
const closingMs = 4000

let visits = 0

/** Clients have several addresses, so that bounds for one address hold up no others. Every address of 127/8 is this machine only on Linux. */
function nextAddress(): object {
  visits += 1
  return process.platform === 'linux' ? { localAddress: `127.0.${1 + (visits % 200)}.${1 + ((visits >> 3) % 250)}` } : {}
}

export function visit(door: Door, { pieces, pauseMs, methods, expected, leave }: Visit): Promise<Received> {
  return new Promise((resolve) => {
    const socket: Socket = 'port' in door ? connect({ host: '127.0.0.1', port: door.port, ...nextAddress() }) : connect(door.path)
    const reader = new AnswerReader(methods)
    const chunks: Buffer[] = []
    let left: 'no' | 'half' | 'whole' = 'no'
    let ended: Received['ended'] | undefined
    let error: string | undefined

    const settle = (how: Received['ended']): void => {
      if (ended !== undefined) return
      ended = how
      clearTimeout(timer)
      socket.destroy()
      reader.end()
      resolve({ answers: reader.answers, bytes: Buffer.concat(chunks), fault: reader.fault, ended: how, error })
    }
    const halfClose = (): void => {
      if (left !== 'no') return
      left = 'half'
      socket.end()
      wait(closingMs)
    }
    const goneAt = (): void => {
      left = 'whole'
      if (socket.connecting || !('port' in door)) socket.destroy()
      else socket.resetAndDestroy()
      settle('by the client')
    }
    let timer: NodeJS.Timeout
    const wait = (ms: number): void => {
      clearTimeout(timer)
      timer = setTimeout(() => {
        if (left === 'half') settle('late')
        else if (expected !== undefined && reader.whole < expected && reader.fault === undefined) settle('unanswered')
        else halfClose()
      }, ms)
    }

    const send = async (): Promise<void> => {
      for (const [index, piece] of pieces.entries()) {
        if (index > 0) await new Promise((next) => (pauseMs === 0 ? setImmediate(next) : setTimeout(next, pauseMs)))
        if (socket.destroyed || left !== 'no') return
        socket.write(piece)
      }
      if (leave === 'half closed') halfClose()
      else if (leave === 'gone when sent') setImmediate(goneAt)
    }

    wait(expected === undefined ? 2 * quietMs : patienceMs)
    socket.setNoDelay(true)
    socket.on('connect', () => void send())
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      reader.push(chunk)
      if (leave === 'gone when answered') {
        goneAt()
        return
      }
      if (left === 'no' && expected !== undefined && reader.whole >= expected) halfClose()
      else if (left === 'no') wait(expected === undefined ? quietMs : patienceMs)
    })
    socket.on('end', () => settle(left === 'no' ? 'by the server' : 'by the client'))
    socket.on('error', (failed: NodeJS.ErrnoException) => {
      error ??= failed.code
    })
    socket.on('close', () => settle(left === 'no' ? 'by the server' : 'by the client'))
  })
}
