import { Agent, type Dispatcher, request } from 'undici'

/** A road that requests take. */
export type Road = Dispatcher

/** What is fetched, how much of it is read, and for how long. */
export interface FetchBoundedOptions {
  readonly headers: Readonly<Record<string, string>>
  /** Bytes of the body. */
  readonly maxBytes: number
  readonly signal: AbortSignal
  /** Where it is not the direct one. */
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

/** An application's own dispatcher is not ours: it may lead through a proxy, and the backend is never asked through one. */
let usual: Road | undefined

/**
 * GETs an address of the configuration. Redirects are answers like others: they are not followed, and no
 * credential goes anywhere else.
 *
 * @throws {Error} where there is no answer, or a longer one.
 */
export async function fetchBounded(url: string, { headers, maxBytes, signal, road }: FetchBoundedOptions): Promise<FetchedAnswer> {
  const answer = await request(url, { headers, signal, highWaterMark: neverWait, dispatcher: road ?? (usual ??= new Agent()) })
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    size += chunk.byteLength
    if (size > maxBytes) throw new Error(`${new URL(url).origin} answered with more than ${maxBytes} bytes.`)
    chunks.push(chunk)
  }
  return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) }
}

/** Connections that end in a Unix socket, whatever host the address says. */
export function throughSocket(socketPath: string): Road {
  return new Agent({ connect: { socketPath } })
}
