interface Part {
  name: string
  filename?: string
  content: Buffer
}

/** A `multipart/form-data` body (RFC 7578). */
export class UploadedForm {
  readonly #parts: readonly Part[]

  constructor(parts: readonly Part[]) {
    this.#parts = parts
  }

  static parse(contentType: string, body: Buffer): UploadedForm {
    const boundary = /^multipart\/form-data\b.*?;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType)
    if (boundary === null) return new UploadedForm([])
    const delimiter = Buffer.from(`--${boundary[1] ?? boundary[2] ?? ''}`)
    const parts: Part[] = []
    let at = body.indexOf(delimiter)
    while (at !== -1) {
      const start = at + delimiter.length + 2
      const next = body.indexOf(delimiter, start)
      if (next === -1) break
      const part = partOf(body.subarray(start, next - 2))
      if (part !== undefined) parts.push(part)
      at = next
    }
    return new UploadedForm(parts)
  }

  field(name: string): string | undefined {
    return this.#parts.find((part) => part.name === name && part.filename === undefined)?.content.toString('utf8')
  }

  file(name: string): Buffer | undefined {
    return this.#parts.find((part) => part.name === name && part.filename !== undefined)?.content
  }
}

function partOf(bytes: Buffer): Part | undefined {
  const blank = bytes.indexOf('\r\n\r\n')
  if (blank === -1) return undefined
  const disposition = /^content-disposition:(.*)$/im.exec(bytes.subarray(0, blank).toString('utf8'))?.[1] ?? ''
  const name = /[;\s]name="([^"]*)"/i.exec(disposition)?.[1]
  if (name === undefined) return undefined
  const filename = /[;\s]filename="([^"]*)"/i.exec(disposition)?.[1]
  const content = bytes.subarray(blank + 4)
  return filename === undefined ? { name, content } : { name, filename, content }
}
