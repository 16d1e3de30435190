const BOUNDARY = Buffer.from('\n\n')
const NEWLINE = 0x0a
const DATA = 0x64

/** Counts the `data:` events of one SSE stream, however it is cut. Comments and other fields do not count. */
export class EventCounter {
  events = 0
  /** First byte of the event that is open, 0 if none is. */
  #first = 0
  #endsInNewline = false

  push(chunk: Buffer): void {
    let from = 0
    if (this.#endsInNewline && chunk[0] === NEWLINE) {
      this.#close()
      from = 1
    }
    for (;;) {
      if (this.#first === 0) this.#first = chunk[from] ?? 0
      const at = chunk.indexOf(BOUNDARY, from)
      if (at < 0) break
      this.#close()
      from = at + BOUNDARY.length
    }
    this.#endsInNewline = from < chunk.length && chunk[chunk.length - 1] === NEWLINE
  }

  #close(): void {
    if (this.#first === DATA) this.events += 1
    this.#first = 0
  }
}
