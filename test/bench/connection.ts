import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { once } from 'node:events'
import { ResponseReader } from './response.js'

/** How much of a refused answer's body an error message quotes, in bytes. */
const QUOTED_BYTES = 300

/** One keep-alive connection that carries one request at a time. */
export class Connection {
  readonly #socket: Socket
  readonly #reader = new ResponseReader()
  #settle: { resolve: (status: number) => void; reject: (error: Error) => void } | undefined
  #failure: Error | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    this.#reader.onEnd = (status) => this.#settle?.resolve(status)
    socket.on('data', (data: Buffer) => {
      try {
        this.#reader.push(data)
      } catch (error) {
        this.#fail(error as Error)
      }
    })
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the connection was closed')))
  }

  /** @param localAddress Where it comes from. Default: what the system chooses. */
  static async open(port: number, localAddress?: string): Promise<Connection> {
    const socket = connect({ host: '127.0.0.1', port, ...(localAddress === undefined ? {} : { localAddress }) })
    await once(socket, 'connect')
    return new Connection(socket)
  }

  /** Sends one request and waits for the end of its answer, which must have status 200. */
  async exchange(request: Buffer, onBody?: (piece: Buffer) => void): Promise<void> {
    let body = ''
    const status = await new Promise<number>((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure)
        return
      }
      this.#settle = { resolve, reject }
      this.#reader.onBody = (piece) => {
        if (body.length < QUOTED_BYTES) body += piece.toString('latin1', 0, QUOTED_BYTES)
        onBody?.(piece)
      }
      this.#socket.write(request)
    })
    if (status !== 200) throw new Error(`status ${status}: ${body.slice(0, QUOTED_BYTES)}`)
  }

  close(): void {
    this.#settle = undefined
    this.#socket.destroy()
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#settle?.reject(this.#failure)
    this.#socket.destroy()
  }
}
