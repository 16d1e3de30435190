import { Agent, request } from 'node:http'

/** What is asked of Postern. */
export interface Asked {
  readonly port: number
  readonly credential: string
  /** Default: the chat completions of the gateway. `/page` is the backend's. */
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Default: a GET. */
  readonly body?: string | undefined
  /** Whether the call has a connection of its own. */
  readonly isAlone?: boolean
  /** The client leaves after so many pieces of the answer; 0: in the middle of its own body. */
  readonly leavesAfter?: number
}

/** What became of a call. */
export interface Told {
  /** 0: there was no answer. */
  readonly status: number
  readonly text: string
  /** Whether the answer ended as answers end, and not with its connection alone. */
  readonly isWhole: boolean
  readonly hasLeft: boolean
}

const kept = new Agent({ keepAlive: true, maxSockets: 256 })

/** Makes one call. Never rejects. */
export function call(asked: Asked): Promise<Told> {
  const { port, credential, path = '/ai/v1/chat/completions', headers = {}, body, isAlone = false, leavesAfter } = asked
  return new Promise((resolve) => {
    const length = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }
    let [status, text, pieces, hasLeft, isWhole] = [0, '', 0, false, false]
    const end = (): void => resolve({ status, text, isWhole, hasLeft })
    const sent = request({
      host: '127.0.0.1',
      port,
      path,
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${credential}`, ...length, ...headers },
      agent: isAlone ? false : kept,
    })
    const leave = (): void => {
      hasLeft = true
      sent.destroy()
    }
    sent.on('response', (answer) => {
      status = answer.statusCode ?? 0
      answer.setEncoding('utf8').on('data', (piece: string) => {
        text += piece
        pieces += 1
        if (pieces === leavesAfter) leave()
      })
      answer.on('error', () => undefined)
      answer.on('close', () => {
        isWhole = answer.complete
        end()
      })
    })
    sent.on('error', (error) => {
      text ||= error.message
      // With an answer, its own `close` ends the call.
      if (status === 0) end()
    })
    if (leavesAfter !== 0) sent.end(body)
    else sent.write(body?.slice(0, body.length / 2), () => setTimeout(leave, 20))
  })
}

/** Closes what is kept for further calls. */
export function closeConnections(): void {
  kept.destroy()
}
