/** What of an HTTP message came, whole or not. */
export interface Message {
  /** `GET /things/1` or `200 OK`, without the version. */
  readonly start: string
  readonly version: string
  /** Name and value in turn. */
  readonly rawHeaders: readonly string[]
  /** One character a byte, without its framing. */
  readonly body: string
  /** Name and value in turn. */
  readonly trailers: readonly string[]
  /** Whether it is there to its end. */
  readonly whole: boolean
  /** Where the next one begins. */
  readonly length: number
}

export interface Framing {
  /** It has no body, whatever its head says. */
  readonly bodiless?: boolean
  /** Where its head says nothing, it goes on to the end of the connection. */
  readonly untilEnd?: boolean
  /** The connection has ended. */
  readonly ended?: boolean
}

/** Reads one message from the beginning of a text, one character a byte; `undefined` where its head is not there yet. */
export function readMessage(text: string, { bodiless = false, untilEnd = false, ended = false }: Framing): Message | undefined {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const [first = '', ...lines] = text.slice(0, headEnd).split('\r\n')
  const rawHeaders = lines.flatMap(fieldOf)
  const head = { ...startOf(first), rawHeaders }
  const from = headEnd + 4
  const header = (name: string): string | undefined =>
    rawHeaders[rawHeaders.findIndex((each, at) => at % 2 === 0 && each.toLowerCase() === name) + 1]
  const none = { ...head, body: '', trailers: [], whole: true, length: from }
  if (bodiless) return none
  if (rawHeaders.some((name, at) => at % 2 === 0 && name.toLowerCase() === 'transfer-encoding'))
    return { ...head, ...readChunks(text, from) }
  if (rawHeaders.some((name, at) => at % 2 === 0 && name.toLowerCase() === 'content-length')) {
    const length = Number(header('content-length'))
    return { ...head, body: text.slice(from, from + length), trailers: [], whole: text.length >= from + length, length: from + length }
  }
  return untilEnd ? { ...head, body: text.slice(from), trailers: [], whole: ended, length: text.length } : none
}

function startOf(line: string): Pick<Message, 'start' | 'version'> {
  const version = /HTTP\/\d\.\d/.exec(line)?.[0] ?? ''
  return { start: line.replace(version, '').trim(), version }
}

function fieldOf(line: string): [name: string, value: string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon), line.slice(colon + 1).trim()]
}

function readChunks(text: string, from: number): Pick<Message, 'body' | 'trailers' | 'whole' | 'length'> {
  let body = ''
  let at = from
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at)
    if (lineEnd < 0) return { body, trailers: [], whole: false, length: text.length }
    const size = Number.parseInt(text.slice(at, lineEnd), 16)
    at = lineEnd + 2
    if (size > 0) {
      body += text.slice(at, at + size)
      if (text.length < at + size + 2) return { body, trailers: [], whole: false, length: text.length }
      at += size + 2
      continue
    }
    const end = text.startsWith('\r\n', at) ? at : text.indexOf('\r\n\r\n', at)
    if (end < 0) return { body, trailers: [], whole: false, length: text.length }
    const lines = end === at ? [] : text.slice(at, end).split('\r\n')
    return { body, trailers: lines.flatMap(fieldOf), whole: true, length: end + (end === at ? 2 : 4) }
  }
}
