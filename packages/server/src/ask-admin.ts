import { type IncomingMessage, request as overHttp, type RequestOptions } from 'node:http'
import { request as overHttps } from 'node:https'
import { headerNames } from '@postern/protocol'
import { PosternAdminError } from './admin-error.js'

/** Where the admin listener is, and its secret. */
export type AdminPlace = {
  /**
   * `admin.secret` of the configuration. Optional for a Unix socket, which only its owner can open. For a port it is
   * required: if it is `undefined`, the first call throws a `TypeError`.
   */
  readonly secret?: string | undefined
  /** How long to wait for an answer, in milliseconds. Default 5000. */
  readonly timeoutMs?: number | undefined
} & (
  | {
      /** Its address if it listens on a port, such as `http://127.0.0.1:8788`. */
      readonly url: string | URL
    }
  | {
      /** The path of its Unix socket. */
      readonly socketPath: string
    }
)

/**
 * Sends one request to the admin listener and returns what `read` makes of the JSON object of its answer; `undefined` from
 * `read` means that the admin listener does not answer so.
 *
 * @throws {PosternAdminError} if it refuses, cannot be reached, does not answer in time, or is not Postern's admin
 *   listener.
 */
export type AskAdmin = <T extends object>(path: string, body: object, read: (answer: JsonObject) => T | undefined) => Promise<T>

type JsonObject = Readonly<Record<string, unknown>>

const defaultTimeoutMs = 5000
/** Largest answer that is read. Postern's own answers are far smaller. */
const maxBytes = 64 * 1024

/** @throws {TypeError} if `url` or `socketPath` is not valid, or the secret for a port is missing. */
export function createAskAdmin(place: AdminPlace): AskAdmin {
  const where = 'url' in place ? addressOf(place.url) : socketOf(place.socketPath)
  const { secret, timeoutMs = defaultTimeoutMs } = place
  const isMissing = secret === undefined && 'url' in place
  // `secret: undefined` is an environment variable that is not set. It does not fail here: builds load a module
  // without the environment of its server.
  if ((isMissing && !('secret' in place)) || secret === '') throw noSecret()
  const headers = { 'Content-Type': 'application/json', ...(secret === undefined ? {} : { Authorization: `Bearer ${secret}` }) }

  return async (path, body, read) => {
    if (isMissing) throw noSecret()
    const text = JSON.stringify(body)
    const options: RequestOptions = {
      ...where.options,
      path: where.prefix + path,
      method: 'POST',
      headers: { ...headers, 'Content-Length': Buffer.byteLength(text) },
      signal: AbortSignal.timeout(timeoutMs),
    }
    const sending = { isConnected: false }
    try {
      return readAnswer(...(await exchange(where.send, options, text, sending)), where.name, read)
    } catch (error) {
      if (error instanceof PosternAdminError) throw error
      const { code, why } = describeFailure(error, sending.isConnected, timeoutMs)
      throw new PosternAdminError(`The admin listener of Postern at ${where.name} ${why}.`, { code, cause: error })
    }
  }
}

/** Tells a listener that is not there from one that is slow or broke off: only the latter may have done what it was asked for. */
function describeFailure(error: unknown, isConnected: boolean, timeoutMs: number): { readonly code: string; readonly why: string } {
  const isLate = error instanceof Error && error.name === 'AbortError'
  const cause = (error as NodeJS.ErrnoException).code ?? String(error)
  if (!isConnected)
    return {
      code: 'admin_unreachable',
      why: `cannot be reached ${isLate ? `within ${timeoutMs} ms; nothing was asked of it` : `(${cause})`}`,
    }
  if (isLate)
    return {
      code: 'admin_timeout',
      why: `did not answer within ${timeoutMs} ms; what it was asked for may be done. Its log says so; if it is only slow, raise "timeoutMs"`,
    }
  return { code: 'admin_failed', why: `broke off before it had answered (${cause}); what it was asked for may be done. Its log says so` }
}

function noSecret(): TypeError {
  return new TypeError('"secret" is what the configuration of Postern has as admin.secret; on a port there must be one.')
}

interface Where {
  readonly name: string
  readonly send: typeof overHttp
  readonly options: RequestOptions
  readonly prefix: string
}

function addressOf(url: string | URL): Where {
  if (!URL.canParse(String(url))) throw new TypeError('"url" is the address of the admin listener, such as "http://127.0.0.1:8788".')
  const { protocol, hostname, port, pathname, host } = new URL(url)
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new TypeError('"url" begins with http: or https:; a Unix socket is "socketPath".')
  return {
    name: host,
    send: protocol === 'https:' ? overHttps : overHttp,
    // `hostname` of `node:http` takes an IPv6 address without its brackets.
    options: { hostname: hostname.replace(/^\[(.*)\]$/, '$1'), port },
    prefix: pathname.replace(/\/+$/, ''),
  }
}

function socketOf(socketPath: string): Where {
  if (typeof socketPath !== 'string' || socketPath === '')
    throw new TypeError('"socketPath" is the path of the admin listener’s Unix socket.')
  return { name: socketPath, send: overHttp, options: { socketPath }, prefix: '' }
}

/** @param sending Its `isConnected` becomes true when a connection is there, on which the request is sent. */
function exchange(
  send: typeof overHttp,
  options: RequestOptions,
  body: string,
  sending: { isConnected: boolean },
): Promise<[answer: IncomingMessage, text: string]> {
  return new Promise((resolve, reject) => {
    let isAnswered = false
    const asked = send(options, (answer) => {
      isAnswered = true
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (part: string) => {
        text += part
        if (text.length > maxBytes) answer.destroy(new Error('the answer is too large'))
      })
      answer.on('end', () => resolve([answer, text]))
      answer.on('error', reject)
      answer.on('close', () => reject(new Error('the answer is not whole')))
    })
    asked.on('error', reject)
    asked.on('upgrade', (answer, socket) => {
      socket.destroy()
      resolve([answer, ''])
    })
    asked.on('close', () => {
      if (!isAnswered) reject(new Error('the connection was closed'))
    })
    asked.on('socket', (socket) => {
      // The agent may reuse a connection. Over TLS, nothing is sent before the handshake.
      if (socket.connecting) socket.once(send === overHttps ? 'secureConnect' : 'connect', () => (sending.isConnected = true))
      else sending.isConnected = true
    })
    asked.end(body)
  })
}

function readAnswer<T extends object>(
  { statusCode: status = 0, headers }: IncomingMessage,
  text: string,
  name: string,
  read: (answer: JsonObject) => T | undefined,
): T {
  const body = parse(text)
  const given = status === 201 && body !== undefined ? read(body) : undefined
  if (given !== undefined) return given
  const { code, message } = asObject(body?.['error']) ?? {}
  const requestId = headers[headerNames.requestId.toLowerCase()]
  if (status < 400 || typeof code !== 'string' || typeof requestId !== 'string')
    throw new PosternAdminError(`What answers at ${name} is not the admin listener of Postern: status ${status}.`, { status })
  const said = typeof message === 'string' ? message : code
  throw new PosternAdminError(`The admin listener of Postern refused: ${said}`, { status, code, requestId })
}

function parse(text: string): JsonObject | undefined {
  try {
    return asObject(JSON.parse(text))
  } catch {
    return undefined
  }
}

function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined
}
