import { createServer, type Socket } from 'node:net'
import { listenAnywhere } from './house.js'

/** A request as a server reads it that ignores every fault. */
export interface LenientRequest {
  readonly method: string
  readonly target: string
  /** Name and value; names as they were written. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: string
  /** Whether its whole body has arrived. */
  readonly whole: boolean
}

/** Which framing a server believes if a request states more than one. */
const readings = ['chunks', 'the first length', 'the last length'] as const
type Reading = (typeof readings)[number]

/** A server on bare TCP that reads any bytes as HTTP, and records the bytes of every connection. */
export interface LenientUpstream {
  readonly origin: string
  /** The bytes that arrived since the last call, by connection. */
  take(): string[]
  close(): Promise<void>
}

/** @param answer The bytes of an answer; default `200` with the body `{}`. */
export async function startLenientUpstream(answer: (request: LenientRequest) => string = plainAnswer): Promise<LenientUpstream> {
  const sockets = new Set<Socket>()
  const received = new Map<Socket, string>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let bytes = ''
    let answered = 0
    socket.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1')
      received.set(socket, (received.get(socket) ?? '') + text)
      bytes += text
      const requests = readAs('chunks', bytes).filter(({ whole }) => whole)
      for (const request of requests.slice(answered)) socket.write(Buffer.from(answer(request), 'latin1'))
      answered = requests.length
    })
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  const origin = await listenAnywhere(server)
  return {
    origin,
    take() {
      const taken = [...received.values()]
      received.clear()
      return taken
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((done) => server.close(done))
    },
  }
}

function plainAnswer({ method }: LenientRequest): string {
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n${method === 'HEAD' ? '' : '{}'}`
}

/** Every request that a server could find in the bytes of a connection, by the framing that it believes. */
export function readLeniently(bytes: string): Readonly<Record<Reading, readonly LenientRequest[]>> {
  return {
    chunks: readAs('chunks', bytes),
    'the first length': readAs('the first length', bytes),
    'the last length': readAs('the last length', bytes),
  }
}

function readAs(reading: Reading, bytes: string): LenientRequest[] {
  const requests: LenientRequest[] = []
  let rest = bytes.replace(/^[\r\n]+/, '')
  while (rest !== '') {
    const blank = /\r?\n\r?\n/.exec(rest)
    const [first = '', ...lines] = rest
      .slice(0, blank?.index ?? rest.length)
      .replaceAll(/\r?\n[ \t]+/g, ' ')
      .split(/\r?\n/)
    const [method = '', target = ''] = first.split(/\s+/)
    const fields = lines.map((line): readonly [string, string] => {
      const colon = line.indexOf(':')
      return colon === -1 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).trim()]
    })
    const after = blank === null ? '' : rest.slice(blank.index + blank[0].length)
    const { body, length } = readBody(reading, fields, after)
    requests.push({ method, target, fields, body, whole: blank !== null && length !== undefined })
    rest = length === undefined ? '' : after.slice(length).replace(/^[\r\n]+/, '')
  }
  return requests
}

/** The values of a header in any spelling, also with blanks before its colon or `_` for `-`. */
export function valuesOf({ fields }: Pick<LenientRequest, 'fields'>, name: string): string[] {
  return fields.filter(([spelled]) => plainly(spelled) === name).map(([, value]) => value)
}

/** A header's name as a server reads it that accepts every spelling. */
export function plainly(spelled: string): string {
  return spelled.trim().toLowerCase().replaceAll('_', '-')
}

interface ReadBody {
  readonly body: string
  /** Its length in bytes; `undefined` if it is not complete. */
  readonly length: number | undefined
}

function readBody(reading: Reading, fields: LenientRequest['fields'], after: string): ReadBody {
  const chunked = valuesOf({ fields }, 'transfer-encoding').some((value) => /chunked/i.test(value))
  const lengths = valuesOf({ fields }, 'content-length').flatMap((value) => value.split(','))
  if (chunked && (reading === 'chunks' || lengths.length === 0)) return readChunks(after)
  const stated = Number.parseInt((reading === 'the first length' ? lengths[0] : lengths.at(-1)) ?? '0', 10)
  const length = Number.isNaN(stated) || stated < 0 ? 0 : stated
  return { body: after.slice(0, length), length: after.length < length ? undefined : length }
}

function readChunks(after: string): ReadBody {
  let at = 0
  let body = ''
  for (;;) {
    const line = /^([^\n]*)\n/.exec(after.slice(at))
    if (line === null) return { body, length: undefined }
    at += line[0].length
    const size = Number.parseInt((line[1] as string).trim().replace(/^0x/i, ''), 16)
    if (Number.isNaN(size) || size <= 0) break
    body += after.slice(at, at + size)
    at += size
    if (at > after.length) return { body, length: undefined }
    at += /^\r?\n/.exec(after.slice(at))?.[0].length ?? 0
  }
  const trailers = /^(?:[^\r\n]+\r?\n)*\r?\n/.exec(after.slice(at))
  return { body, length: trailers === null ? undefined : at + trailers[0].length }
}
