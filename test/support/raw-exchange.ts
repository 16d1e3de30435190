import { connect } from 'node:net'

export interface RawExchangeOptions {
  /** After this many milliseconds without a byte, nothing more is expected. Default 300. */
  readonly silenceMs?: number
  /** Ends at the first complete answer, without waiting for silence. */
  readonly oneAnswer?: boolean
}

/** Sends bytes as they are and returns everything that comes back until the peer closes or is silent. */
export function rawExchange(
  origin: string,
  bytes: string | Buffer,
  { silenceMs = 300, oneAnswer = false }: RawExchangeOptions = {},
): Promise<string> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    let received = ''
    const finish = (): void => {
      socket.destroy()
      resolve(received)
    }
    socket.setTimeout(silenceMs, finish)
    socket.on('connect', () => socket.write(bytes))
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
      if (oneAnswer && isWhole(received)) finish()
    })
    socket.on('end', finish)
    socket.on('error', (error) => (received === '' ? reject(error) : finish()))
  })
}

/** Whether a text is a complete HTTP/1.1 answer, according to its framing. */
function isWhole(answer: string): boolean {
  const headEnd = answer.indexOf('\r\n\r\n')
  if (headEnd < 0) return false
  const declared = /^content-length: (\d+)\r$/im.exec(answer.slice(0, headEnd + 2))?.[1]
  return declared === undefined ? answer.endsWith('\r\n0\r\n\r\n') : answer.length >= headEnd + 4 + Number(declared)
}
