const HEAD_END = Buffer.from('\r\n\r\n')
const LINE_END = Buffer.from('\r\n')
const EMPTY = Buffer.alloc(0)

type Part = 'head' | 'fixed' | 'size' | 'chunk' | 'chunkEnd' | 'trailer'

/** Reads HTTP/1.1 answers, one after the other, with no more parsing than their framing needs. */
export class ResponseReader {
  /** Called with each piece of a body. */
  onBody: (piece: Buffer) => void = () => undefined
  /** Called when an answer is complete. */
  onEnd: (status: number) => void = () => undefined

  #status = 0
  #part: Part = 'head'
  /** Bytes that the present body or chunk still lacks. */
  #missing = 0
  #rest: Buffer = EMPTY

  push(data: Buffer): void {
    let bytes = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data])
    while (bytes.length > 0) {
      const used = this.#step(bytes)
      if (used === 0) break
      bytes = bytes.subarray(used)
    }
    this.#rest = bytes
  }

  /** Takes what it can from the front and returns how many bytes that was: 0 when more are needed. */
  #step(bytes: Buffer): number {
    switch (this.#part) {
      case 'head':
        return this.#head(bytes)
      case 'fixed':
        return this.#body(bytes, 'head')
      case 'size':
        return this.#size(bytes)
      case 'chunk':
        return this.#body(bytes, 'chunkEnd')
      case 'chunkEnd':
        return this.#line(bytes, 'size')
      case 'trailer':
        return this.#trailer(bytes)
    }
  }

  #head(bytes: Buffer): number {
    const end = bytes.indexOf(HEAD_END)
    if (end < 0) return 0
    const head = bytes.toString('latin1', 0, end)
    const used = end + HEAD_END.length
    this.#status = Number(head.slice(9, 12))
    if (this.#status < 200) return used
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (length !== undefined) {
      this.#missing = Number(length)
      if (this.#missing > 0) this.#part = 'fixed'
      else this.onEnd(this.#status)
    } else if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
      this.#part = 'size'
    } else {
      throw new Error(`an answer with status ${this.#status} has neither a length nor chunks`)
    }
    return used
  }

  #body(bytes: Buffer, next: Part): number {
    const used = Math.min(bytes.length, this.#missing)
    this.#missing -= used
    if (this.#missing === 0) this.#part = next
    this.onBody(bytes.subarray(0, used))
    if (this.#missing === 0 && next === 'head') this.onEnd(this.#status)
    return used
  }

  #size(bytes: Buffer): number {
    const end = bytes.indexOf(LINE_END)
    if (end < 0) return 0
    this.#missing = Number.parseInt(bytes.toString('latin1', 0, end), 16)
    if (Number.isNaN(this.#missing)) throw new Error('a chunk has no size')
    this.#part = this.#missing === 0 ? 'trailer' : 'chunk'
    return end + LINE_END.length
  }

  #line(bytes: Buffer, next: Part): number {
    const end = bytes.indexOf(LINE_END)
    if (end < 0) return 0
    this.#part = next
    return end + LINE_END.length
  }

  #trailer(bytes: Buffer): number {
    const used = this.#line(bytes, 'trailer')
    if (used === LINE_END.length) {
      this.#part = 'head'
      this.onEnd(this.#status)
    }
    return used
  }
}
