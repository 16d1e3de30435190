/** One part of a form, as its head says. */
export interface FormPart {
  /** Header names, lower-case, and values, in the order in which they stand. */
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** Gets the parts of a form as they are read. Each method may throw; the error leaves {@link FormReader.feed}. */
export interface FormVisitor {
  begins(part: FormPart): void
  /** The next bytes of the part that began last. */
  data(bytes: Buffer): void
  /** The part that began last is complete. */
  ends(): void
}

/** The longest head of a part, in bytes. */
const maxHeadBytes = 8 * 1024

/** The form is malformed, or two servers could read it differently. */
export class FormSyntaxError extends Error {
  override readonly name = 'FormSyntaxError'
}

/**
 * Reads a form (`multipart/*`, RFC 2046, 5.1) piece by piece, and holds no more than the head of a part or a boundary.
 *
 * Stricter than the RFC: no text before the first boundary or after the last one, lines end in CRLF, and each boundary has a
 * line of its own. Takes time linear in the form's length.
 */
export class FormReader {
  readonly #visitor: FormVisitor
  readonly #mark: Buffer
  #state: 'start' | 'data' | 'mark' | 'head' | 'done' = 'start'
  #rest: Buffer = Buffer.alloc(0)
  /** The last two bytes before `#rest`, since the line break before a boundary may be there. */
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

  /** @throws {FormSyntaxError} if the last boundary was not read. */
  end(): void {
    if (this.#state !== 'done') throw new FormSyntaxError('The form breaks off.')
  }

  /** Reads one step further. Returns `false` if more bytes are needed. */
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

  /** The two bytes before a position in `#rest`; fewer at the begin of a part. */
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
    // A boundary directly after a head has no CRLF of its own, but some servers accept it: with this, it is refused.
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
