/** One part of a form, as its head says. */
export interface FormPart {
  /** Header names, lower-case, and values, in the order in which they stand. */
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** Whoever reads along. Any of them may throw. */
export interface FormVisitor {
  begins(part: FormPart): void
  /** Some bytes of the part that began last. */
  data(bytes: Buffer): void
  ends(): void
}

/** The longest head of a part, in bytes. */
const maxHeadBytes = 8 * 1024

/** A form that two servers could read differently, or that is none. */
export class FormSyntaxError extends Error {
  override readonly name = 'FormSyntaxError'
}

/**
 * Reads a form (`multipart/*`, RFC 2046, 5.1) piece by piece, and keeps nothing but the head that it is in.
 *
 * It takes one way of writing: nothing stands before the first boundary or behind the last one, lines end in CRLF, and
 * a boundary stands on a line of its own. The time grows with the form and no faster.
 */
export class FormReader {
  readonly #visitor: FormVisitor
  readonly #mark: Buffer
  #state: 'start' | 'data' | 'mark' | 'head' | 'done' = 'start'
  #rest: Buffer = Buffer.alloc(0)
  /** What stood right before `#rest`, as far as a boundary's line could have begun there. */
  #before: Buffer = Buffer.alloc(0)

  constructor(boundary: string, visitor: FormVisitor) {
    this.#visitor = visitor
    this.#mark = Buffer.from(`--${boundary}`, 'latin1')
  }

  /** @throws {FormSyntaxError} */
  feed(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    while (this.#rest.length > 0 && this.#step());
  }

  /** @throws {FormSyntaxError} where the form is not at its end. */
  end(): void {
    if (this.#state !== 'done') throw new FormSyntaxError('The form breaks off.')
  }

  /** Does what can be done with the bytes there are; `false` where more are needed. */
  #step(): boolean {
    switch (this.#state) {
      case 'start':
        return this.#readStart()
      case 'data':
        return this.#readData()
      case 'mark':
        return this.#readBehindMark()
      case 'head':
        return this.#readHead()
      case 'done':
        if (!/^[\r\n]*$/.test(this.#rest.toString('latin1', 0, 16))) throw new FormSyntaxError('Something stands behind the form.')
        this.#rest = this.#rest.subarray(16)
        return true
    }
  }

  #readStart(): boolean {
    if (this.#rest.length < this.#mark.length) return false
    if (!this.#rest.subarray(0, this.#mark.length).equals(this.#mark))
      throw new FormSyntaxError('The form does not begin with its boundary.')
    this.#rest = this.#rest.subarray(this.#mark.length)
    this.#state = 'mark'
    return true
  }

  #readData(): boolean {
    const at = this.#rest.indexOf(this.#mark)
    if (at === -1) {
      // The last bytes could be the beginning of the boundary, or of the line break before it.
      const sure = this.#rest.length - this.#mark.length - 1
      if (sure > 0) this.#give(sure)
      return false
    }
    const lineBreak = this.#bytesBefore(at)
    if (lineBreak === '\r\n') {
      this.#give(Math.max(0, at - 2))
      this.#rest = this.#rest.subarray(this.#rest.indexOf(this.#mark) + this.#mark.length)
      this.#before = Buffer.alloc(0)
      this.#visitor.ends()
      this.#state = 'mark'
    } else {
      if (lineBreak.endsWith('\n') || lineBreak.endsWith('\r'))
        throw new FormSyntaxError('A boundary stands behind a line that does not end in CRLF.')
      this.#give(at + this.#mark.length)
    }
    return true
  }

  /** The two bytes before a place in what is there, or fewer at the beginning of a part. */
  #bytesBefore(at: number): string {
    const near = this.#rest.subarray(Math.max(0, at - 2), at)
    return (near.length < 2 ? Buffer.concat([this.#before, near]).subarray(-2) : near).toString('latin1')
  }

  #give(length: number): void {
    if (length === 0) return
    const bytes = this.#rest.subarray(0, length)
    this.#before = bytes.length >= 2 ? bytes.subarray(-2) : Buffer.concat([this.#before, bytes]).subarray(-2)
    this.#rest = this.#rest.subarray(length)
    this.#visitor.data(bytes)
  }

  #readBehindMark(): boolean {
    const text = this.#rest.toString('latin1', 0, 64)
    if (text.startsWith('--')) {
      this.#rest = this.#rest.subarray(2)
      this.#state = 'done'
      return true
    }
    const line = /^[ \t]*\r\n/.exec(text)
    if (line !== null) {
      this.#rest = this.#rest.subarray(line[0].length)
      this.#state = 'head'
      return true
    }
    if (text.length >= 64 || !/^(?:-|[ \t]*\r?)$/.test(text)) throw new FormSyntaxError('A boundary does not stand on a line of its own.')
    return false
  }

  #readHead(): boolean {
    const end = this.#rest.subarray(0, maxHeadBytes).indexOf('\r\n\r\n')
    if (end === -1) {
      if (this.#rest.length >= maxHeadBytes) throw new FormSyntaxError('A part has too large a head.')
      return false
    }
    const head = this.#rest.toString('utf8', 0, end)
    // A boundary right behind a head has no line break of its own; some servers take it for one all the same.
    this.#before = Buffer.from('\n')
    this.#rest = this.#rest.subarray(end + 4)
    this.#state = 'data'
    this.#visitor.begins({ headers: head.split('\r\n').map(readLine) })
    return true
  }
}

const headerLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([^\r\n\0]*)$/

function readLine(line: string): readonly [name: string, value: string] {
  const [, name, value] = headerLine.exec(line) ?? []
  if (name === undefined || value === undefined) throw new FormSyntaxError('A part has a line in its head that is none.')
  return [name.toLowerCase(), value.replace(/^[ \t]+/, '').trimEnd()]
}
