import { Agent, type Dispatcher, request } from 'undici'

export type { Dispatcher }

/** How `fetchBounded` asks, and how much it reads. */
export interface FetchBoundedOptions {
  /** Default `GET`. */
  readonly method?: 'GET' | 'POST' | 'HEAD' | undefined
  /** Default: none. */
  readonly body?: string | undefined
  readonly headers: Readonly<Record<string, string>>
  /** Largest body, in bytes. */
  readonly maxBytes: number
  readonly signal: AbortSignal
  readonly dispatcher: Dispatcher
}

/** A complete answer. */
export interface FetchedAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Buffer
}

/** `highWaterMark` of the body, in bytes: undici never pauses it, since each piece is read or refused at once; see ADR 0022. */
const neverWait = Number.MAX_SAFE_INTEGER

/**
 * Sends a request to a URL of the configuration. It follows no redirect, so no credential reaches another host.
 *
 * @throws {Error} if the whole answer is not here before `signal` is aborted, or its body is longer
 *   than `maxBytes`.
 */
export async function fetchBounded(url: string, options: FetchBoundedOptions): Promise<FetchedAnswer> {
  const { signal } = options
  let giveUp = (): void => {}
  // undici obeys `signal` only once it has a connection. On one that comes later, it asks nothing.
  const aborted = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal.reason as Error)
    signal.addEventListener('abort', giveUp)
  })
  try {
    return await Promise.race([ask(url, options), aborted])
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

async function ask(url: string, options: FetchBoundedOptions): Promise<FetchedAnswer> {
  const { method = 'GET', body = null, headers, maxBytes, signal, dispatcher } = options
  const answer = await request(url, { method, body, headers, signal, highWaterMark: neverWait, dispatcher })
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    size += chunk.byteLength
    if (size > maxBytes) throw new Error(`${new URL(url).origin} answered with more than ${maxBytes} bytes.`)
    chunks.push(chunk)
  }
  return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) }
}

/** Whether the answer has a `Content-Encoding` that packs the body. Postern asks for none and does not unpack it. */
export function isPacked({ headers }: Pick<FetchedAnswer, 'headers'>): boolean {
  return /gzip|deflate|compress|br|zstd/i.test(String(headers['content-encoding'] ?? ''))
}

/**
 * Opens a dispatcher without a proxy; with `socketPath`, one to a Unix socket, whatever host the URL names. Not undici's
 * global dispatcher: an application may have set a proxy there, and the backend needs none.
 *
 * @param connect With `authority`, servers are believed whose certificates that authority signed, in PEM, and no others.
 */
export function openDirect(connect: { readonly socketPath?: string; readonly authority?: string } = {}): Dispatcher {
  const { socketPath, authority } = connect
  if (authority !== undefined) return new Agent({ connect: { ca: authority } })
  return new Agent(socketPath === undefined ? {} : { connect: { socketPath } })
}
