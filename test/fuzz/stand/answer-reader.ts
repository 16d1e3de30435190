/** An answer as a client got it. */
export interface Answer {
  readonly status: number
  readonly head: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  body: Buffer
  trailers: string
  /** Whether it is there to its end. */
  whole: boolean
}

/** Reads the answers on a connection as a strict client does. */
export class AnswerReader {
  readonly answers: Answer[] = []
  /** Why the bytes are no answer. */
  fault: string | undefined
  readonly #methods: readonly string[]
  #held: Buffer = Buffer.alloc(0)
  #current: Answer | undefined
  #parts: Buffer[] = []
  /** Bytes that are left of the body; of what its chunks say or the end of the connection, `undefined`. */
  #left: number | 'chunks' | 'until the end' = 0

  /** @param methods Of the requests in order; a `HEAD` has no body in its answer. */
  constructor(methods: readonly string[]) {
    this.#methods = methods
  }

  push(chunk: Buffer): void {
    if (this.fault !== undefined) return
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    while (this.fault === undefined && this.#advance());
  }

  /** The connection is closed. */
  end(): void {
    if (this.#current !== undefined) {
      if (this.#left === 'until the end') this.#finish()
      else this.#current.body = Buffer.concat(this.#parts)
    } else if (this.#held.length > 0 && this.fault === undefined) {
      this.fault = `ends within a head: ${JSON.stringify(this.#held.toString('latin1', 0, 60))}`
    }
  }

  /** How many final answers are whole. */
  get whole(): number {
    return this.answers.filter(({ whole, status }) => whole && status >= 200).length
  }

  /** @returns Whether there may be more to read. */
  #advance(): boolean {
    if (this.#current === undefined) return this.#readHead()
    if (this.#left === 'chunks') return this.#readChunk()
    if (this.#left === 'until the end') return this.#takePart(this.#held.length)
    const length = Math.min(this.#left, this.#held.length)
    this.#left -= length
    this.#takePart(length)
    if (this.#left > 0) return false
    this.#finish()
    return this.#held.length > 0
  }

  #takePart(length: number): boolean {
    if (length > 0) this.#parts.push(this.#held.subarray(0, length))
    this.#held = this.#held.subarray(length)
    return false
  }

  #finish(): void {
    if (this.#current === undefined) return
    this.#current.body = Buffer.concat(this.#parts)
    this.#current.whole = true
    this.#current = undefined
    this.#parts = []
  }

  #readHead(): boolean {
    const end = this.#held.indexOf('\r\n\r\n', 0, 'latin1')
    if (end === -1) return false
    const head = this.#held.toString('latin1', 0, end)
    this.#held = this.#held.subarray(end + 4)
    const [first = '', ...lines] = head.split('\r\n')
    const status = Number(/^HTTP\/1\.1 ([1-9]\d\d) [\t\x20-\x7e\x80-\xff]*$/.exec(first)?.[1] ?? Number.NaN)
    if (Number.isNaN(status)) return this.#fail(`a status line that is none: ${JSON.stringify(first.slice(0, 60))}`)
    const headers: (readonly [string, string])[] = []
    for (const line of lines) {
      const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/.exec(line) ?? []
      if (name === undefined || value === undefined) return this.#fail(`a header line that is none: ${JSON.stringify(line.slice(0, 60))}`)
      headers.push([name.toLowerCase(), value])
    }
    const answer: Answer = { status, head, headers, body: Buffer.alloc(0), trailers: '', whole: false }
    const method = this.#methods[this.answers.filter((before) => before.status >= 200).length]
    this.answers.push(answer)
    this.#current = answer
    return this.#frame(answer, method)
  }

  #frame({ status, headers }: Answer, method: string | undefined): boolean {
    const lengths = headers.filter(([name]) => name === 'content-length').map(([, value]) => value)
    const codings = headers.filter(([name]) => name === 'transfer-encoding').map(([, value]) => value)
    if (lengths.length + codings.length > 1)
      return this.#fail(`more than one word on where the body ends: ${[...lengths, ...codings].join(' and ')}`)
    if (status === 101 || (method === 'CONNECT' && status < 300)) this.#left = 'until the end'
    else if (status < 200 || status === 204 || status === 304 || method === 'HEAD') this.#left = 0
    else if (codings[0] !== undefined) {
      if (codings[0].toLowerCase() !== 'chunked') return this.#fail(`a body that is framed as ${codings[0]}`)
      this.#left = 'chunks'
    } else if (lengths[0] === undefined) this.#left = 'until the end'
    else if (/^\d+$/.test(lengths[0])) this.#left = Number(lengths[0])
    else return this.#fail(`a body of the length ${JSON.stringify(lengths[0])}`)
    return true
  }

  #readChunk(): boolean {
    const lineEnd = this.#held.indexOf('\r\n', 0, 'latin1')
    if (lineEnd === -1) return false
    const line = this.#held.toString('latin1', 0, lineEnd)
    if (!/^[0-9a-f]{1,8}$/i.test(line)) return this.#fail(`a chunk of the length ${JSON.stringify(line.slice(0, 40))}`)
    const size = Number.parseInt(line, 16)
    const end = lineEnd + 2 + size
    if (size === 0) {
      const trailersEnd = this.#held.indexOf('\r\n\r\n', lineEnd, 'latin1')
      if (trailersEnd === -1) return false
      if (this.#current !== undefined) this.#current.trailers = this.#held.toString('latin1', lineEnd + 2, trailersEnd)
      this.#held = this.#held.subarray(trailersEnd + 4)
      this.#finish()
      return this.#held.length > 0
    }
    if (this.#held.length < end + 2) return false
    if (this.#held.toString('latin1', end, end + 2) !== '\r\n') return this.#fail('a chunk without its end')
    this.#parts.push(this.#held.subarray(lineEnd + 2, end))
    this.#held = this.#held.subarray(end + 2)
    return true
  }

  #fail(fault: string): boolean {
    this.fault = fault
    return false
  }
}
