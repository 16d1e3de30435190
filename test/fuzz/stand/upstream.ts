import { setTimeout as sleep } from 'node:timers/promises'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { RequestReader, type SeenRequest } from './request-reader.js'

/** What a server behind Postern does with one request. */
export interface Script {
  readonly pieces: readonly Buffer[]
  /** Between two pieces, in milliseconds; 0 is the next turn. */
  readonly pauseMs: number
  /** What becomes of the connection then. */
  readonly ending: 'keep' | 'close' | 'reset' | 'hang'
}

export interface UpstreamOptions {
  /** What is done where no input says it. */
  readonly usual: (request: SeenRequest) => Script
  /** Which input a request belongs to. */
  readonly inputOf: (request: SeenRequest) => number | undefined
  /** Why Postern would not send such a request; `undefined` where it would. */
  readonly fault: (request: SeenRequest) => string | undefined
}

/** A gateway, a backend or an issuer of bare sockets: it does what the inputs say and looks hard at what reaches it. */
export class Upstream {
  /** What is done with the request of an input. */
  readonly scripts = new Map<number, Script>()
  readonly #server: Server
  readonly #sockets = new Map<Socket, RequestReader>()
  readonly #options: UpstreamOptions
  #open = 0
  /** The requests under way on each connection, with what is sent and done about them. */
  readonly #asked = new Map<Socket, string[]>()
  #seen: SeenRequest[] = []
  #faults: string[] = []

  private constructor(options: UpstreamOptions) {
    this.#options = options
    this.#server = createServer({ noDelay: true }, (socket) => this.#serve(socket))
  }

  static async open(options: UpstreamOptions): Promise<Upstream> {
    const upstream = new Upstream(options)
    await new Promise<void>((done) => {
      upstream.#server.listen(0, '127.0.0.1', 2048, done)
    })
    return upstream
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Requests that came and are not answered to their end, on connections that are still there. */
  get underWay(): number {
    return this.#open
  }

  /** What is under way, for whoever reads a finding. */
  describeUnderWay(): string {
    return [...this.#asked.values()].filter((asked) => asked.length > 0).join(' | ')
  }

  /** What came since this was asked last. */
  takeSeen(): SeenRequest[] {
    return this.#seen.splice(0)
  }

  /** What came that Postern would not have sent. */
  takeFaults(): string[] {
    return this.#faults.splice(0)
  }

  /** Waits until no connection holds a part of a request, and closes those that go on holding one. @returns What they hold. */
  async takeLeftovers(mostMs: number): Promise<string[]> {
    const until = performance.now() + mostMs
    for (;;) {
      const within = [...this.#sockets].filter(([, { isWithin }]) => isWithin)
      if (within.length === 0) return []
      if (performance.now() > until) {
        for (const [socket] of within) socket.destroy()
        return within.map(([, reader]) => reader.describe())
      }
      await sleep(5)
    }
  }

  /** Ends every connection. */
  cut(): void {
    for (const socket of this.#sockets.keys()) socket.destroy()
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise((done) => this.#server.close(done))
  }

  #serve(socket: Socket): void {
    const reader = new RequestReader()
    this.#sockets.set(socket, reader)
    let mine = 0
    const asked: string[] = []
    this.#asked.set(socket, asked)
    const ended = (): void => {
      asked.shift()
      mine -= 1
      this.#open -= 1
    }
    socket.on('data', (chunk: Buffer) => {
      for (const request of reader.push(chunk)) {
        this.#seen.push(request)
        const fault = this.#options.fault(request)
        if (fault !== undefined) this.#faults.push(`${fault}: ${request.method} ${request.target.slice(0, 60)}`)
        mine += 1
        this.#open += 1
        const input = this.#options.inputOf(request)
        const script = (input === undefined ? undefined : this.scripts.get(input)) ?? this.#options.usual(request)
        const lines = request.headers.map(([name, value]) => `${name}: ${value.slice(0, 40)}`)
        asked.push(
          [
            `${request.method} ${request.target}`,
            ...lines,
            `then ${script.ending}`,
            JSON.stringify(String(script.pieces[0]).slice(0, 200)),
          ].join('; '),
        )
        void play(socket, script, ended)
        // What follows it is the payload of another protocol, or of nobody.
        if (/^websocket$/i.test(headerOf(request, 'upgrade') ?? '')) {
          socket.removeAllListeners('data')
          socket.resume()
        }
      }
      if (reader.strange === undefined) return
      this.#faults.push(reader.strange)
      socket.destroy()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#sockets.delete(socket)
      this.#asked.delete(socket)
      this.#open -= mine
      mine = 0
    })
  }
}

/** The value of the first header of this name. */
export function headerOf({ headers }: SeenRequest, name: string): string | undefined {
  return headers.find(([spelled]) => spelled.toLowerCase() === name)?.[1]
}

async function play(socket: Socket, { pieces, pauseMs, ending }: Script, ended: () => void): Promise<void> {
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) await new Promise((next) => (pauseMs === 0 ? setImmediate(next) : setTimeout(next, pauseMs)))
    if (socket.destroyed) return
    socket.write(piece)
  }
  if (ending === 'hang' || socket.destroyed) return
  if (ending === 'close') socket.end()
  else if (ending === 'reset') socket.resetAndDestroy()
  else ended()
}
