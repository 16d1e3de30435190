/** A request as it reached a server behind Postern. */
export interface SeenRequest {
  readonly method: string
  readonly target: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
}

/** What stays where a client left while it was sending. */
export const partOfRequest = 'a part of a request whose client is gone'

/** Reads the requests of a connection, and says what no careful sender would have sent. */
export class RequestReader {
  #held: Buffer = Buffer.alloc(0)
  #strange: string | undefined

  /** Why the bytes cannot be read on. */
  get strange(): string | undefined {
    return this.#strange
  }

  /** Whether bytes of a request are there that is not whole. */
  get isWithin(): boolean {
    return this.#held.length > 0
  }

  /** What of it is there: the first part of a request, or bytes that are none. */
  describe(): string {
    const text = this.#held.toString('latin1', 0, 200)
    const isBegun = /^[A-Z-]+ [^ ]+ HTTP\/1\.1\r\n/.test(text)
    return `${isBegun ? partOfRequest : 'bytes after a request that are no request'}: ${JSON.stringify(text.slice(0, 80))}`
  }

  push(chunk: Buffer): SeenRequest[] {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    const requests: SeenRequest[] = []
    while (this.#held.length > 0 && this.#strange === undefined) {
      const request = this.#next()
      if (request === undefined) break
      requests.push(request)
    }
    return requests
  }

  #next(): SeenRequest | undefined {
    const end = this.#held.indexOf('\r\n\r\n', 0, 'latin1')
    if (end === -1) return undefined
    const [first = '', ...lines] = this.#held.toString('latin1', 0, end).split('\r\n')
    const [, method = '', target = ''] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~\x80-\xff]+) HTTP\/1\.1$/.exec(first) ?? []
    if (method === '') return this.#give(`a request line that is none: ${JSON.stringify(first.slice(0, 80))}`)
    const headers: (readonly [string, string])[] = []
    for (const line of lines) {
      const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\t\x20-\x7e\x80-\xff]*)$/.exec(line) ?? []
      if (name === undefined || value === undefined) return this.#give(`a header line that is none: ${JSON.stringify(line.slice(0, 80))}`)
      headers.push([name, value])
    }
    const body = this.#body(headers, end + 4)
    return body === undefined ? undefined : { method, target, headers, body }
  }

  #body(headers: SeenRequest['headers'], start: number): Buffer | undefined {
    const framing = headers.filter(([name]) => /^(?:content[^a-z0-9]length|transfer[^a-z0-9]encoding)$/i.test(name))
    const [name, value] = framing[0] ?? ['', '']
    if (framing.length > 1 || name.includes('_')) return this.#give(`more than one word on where a body ends: ${JSON.stringify(framing)}`)
    if (/^transfer/i.test(name)) return value === 'chunked' ? this.#chunks(start) : this.#give(`a body that is framed as ${value}`)
    if (name !== '' && !/^\d+$/.test(value)) return this.#give(`a body of the length ${JSON.stringify(value)}`)
    const end = start + Number(value)
    if (this.#held.length < end) return undefined
    return this.#take(this.#held.subarray(start, end), end)
  }

  #chunks(start: number): Buffer | undefined {
    const parts: Buffer[] = []
    for (let at = start; ; ) {
      const lineEnd = this.#held.indexOf('\r\n', at, 'latin1')
      if (lineEnd === -1) return undefined
      const line = this.#held.toString('latin1', at, lineEnd)
      if (!/^[0-9a-f]{1,8}$/i.test(line)) return this.#give(`a chunk of the length ${JSON.stringify(line.slice(0, 40))}`)
      const size = Number.parseInt(line, 16)
      const end = lineEnd + 2 + size
      if (this.#held.length < end + 2) return undefined
      if (this.#held.toString('latin1', end, end + 2) !== '\r\n') return this.#give(size === 0 ? 'trailers' : 'a chunk without its end')
      if (size === 0) return this.#take(Buffer.concat(parts), end + 2)
      parts.push(this.#held.subarray(lineEnd + 2, end))
      at = end + 2
    }
  }

  #take(body: Buffer, end: number): Buffer {
    this.#held = this.#held.subarray(end)
    return body
  }

  #give(strange: string): undefined {
    this.#strange = strange
    return undefined
  }
}
