import http from 'node:http'
import https from 'node:https'
import { Agent, type Dispatcher, request } from 'undici'

/** A road that requests take. */
export interface Road {
  readonly dispatcher: Dispatcher
  readonly socketPath: string
}

/** What is fetched, how much of it is read, and for how long. */
export interface FetchBoundedOptions {
  readonly headers: Readonly<Record<string, string>>
  /** Bytes of the body. */
  readonly maxBytes: number
  readonly signal: AbortSignal
  /** Where it is not the usual one. */
  readonly road?: Road
}

/** An answer, whole. */
export interface FetchedAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Buffer
}

/** So much may be unread before undici waits, in bytes. Every piece is read, or refused, in the turn in which it comes; see ADR 0022. */
const neverWait = Number.MAX_SAFE_INTEGER

/**
 * GETs an address of the configuration. Redirects are answers like others: they are not followed, and no
 * credential goes anywhere else.
 *
 * @throws {Error} where there is no answer, or a longer one.
 */
export async function fetchBounded(url: string, options: FetchBoundedOptions): Promise<FetchedAnswer> {
  const { headers, signal, road } = options
  let answer: Dispatcher.ResponseData
  try {
    answer = await request(url, {
      headers,
      signal,
      highWaterMark: neverWait,
      ...(road === undefined ? {} : { dispatcher: road.dispatcher }),
    })
  } catch (error) {
    if (!givesUpAtContinue(error)) throw error
    const patient = await askPatiently(url, options)
    const said = Object.entries(patient.headersDistinct).map(
      ([name, values = []]) => [name, values.length === 1 ? values[0] : values] as const,
    )
    return { status: patient.statusCode ?? 0, headers: Object.fromEntries(said), body: await readBounded(patient, url, options) }
  }
  return { status: answer.statusCode, headers: answer.headers, body: await readBounded(answer.body, url, options) }
}

async function readBounded(body: AsyncIterable<Buffer>, url: string, { maxBytes }: FetchBoundedOptions): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size > maxBytes) throw new Error(`${new URL(url).origin} answered with more than ${maxBytes} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** A 100 that nobody asked for is an interim answer like others (RFC 9110, 15.2), and undici ends the connection at it. */
function givesUpAtContinue(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'UND_ERR_SOCKET' && error.message === 'bad response'
}

/** Asks once more, since what only reads may be asked twice, with Node's own client, which passes interim answers over. */
function askPatiently(url: string, { headers, signal, road }: FetchBoundedOptions): Promise<http.IncomingMessage> {
  const client = url.startsWith('https:') ? https : http
  return new Promise((resolve, reject) => {
    const asked = client.request(url, { headers, signal, agent: false, socketPath: road?.socketPath })
    asked.once('response', resolve)
    asked.once('upgrade', (_, socket) => {
      socket.destroy()
      reject(new Error(`${new URL(url).origin} changed the protocol, which nobody asked for.`))
    })
    asked.on('error', reject)
    asked.end()
  })
}

/** Connections that end in a Unix socket, whatever host the address says. */
export function throughSocket(socketPath: string): Road {
  return { dispatcher: new Agent({ connect: { socketPath } }), socketPath }
}
