import { GrowingBuffer } from '../lib/growing-buffer.js'

/** What is done with one event; `undefined` means that it passes as it is. */
export interface Edit {
  /** Written in front of the event. */
  readonly before?: string
  /** Written in place of the event. */
  readonly instead?: string
  /** Nothing of this event, nor anything after it, is written. */
  readonly stop?: boolean
}

export interface EventPump {
  /** Writes the events that are whole with this chunk; `false`: wait for `drain`. */
  push(chunk: Buffer): boolean
  /** The stream is over: what came after the last blank line is an event too. `open`: its last line has no end, and what follows would be read as part of it. */
  finish(): 'whole' | 'open' | 'stopped'
}

export interface EventPumpOptions {
  /**
   * Looks at one whole event, the blank line that ends it included.
   *
   * @param lookedAhead Whether `lookAhead` was given all of it.
   */
  readonly inspect: (bytes: Buffer, start: number, end: number, lookedAhead: boolean) => Edit | undefined
  /**
   * Looks at a piece of a large event while the event comes, so that not all of it is looked at in one turn of the event
   * loop; `false`: nothing of the event, nor anything after it, is written.
   *
   * @param isFirst Whether an event begins with it.
   */
  readonly lookAhead: (piece: Buffer, isFirst: boolean) => boolean
  readonly write: (bytes: Buffer | string) => boolean
  /** An event grew beyond the bound. */
  readonly overflow: () => void
}

/** The largest event that is waited for, in bytes: images travel as one event. */
const maxEventBytes = 16 * 1024 * 1024

/** An event that grows beyond this is looked at while it comes, in bytes. */
const maxBytesPerTurn = 256 * 1024

/** The most lines of an event: reading them is one turn of the event loop, and no API sends more than a few. */
const maxEventLines = 10_000

/**
 * Cuts a stream at the blank lines between events (HTML standard, 9.2.5) and writes each event in the tick
 * in which it is whole. A chunk of whole events that need no edit is written as the very buffer it came in.
 */
export function createEventPump({ inspect, lookAhead, write, overflow }: EventPumpOptions): EventPump {
  const carried = new GrowingBuffer()
  /** Where the last line of what is carried begins. */
  let carriedLine = 0
  /** Lines of what is carried that have ended. */
  let carriedLines = 0
  /** Whether what is carried is looked at while it comes. */
  let looksAhead = false
  let stopped = false

  /**
   * @param searched Up to where `bytes` was searched before.
   * @param line Where the line begins that is open there.
   * @param lines How many lines of the event ended before that.
   */
  function pump(bytes: Buffer, searched = 0, line = 0, lines = 0): boolean {
    let open = true
    let written = 0
    let start = 0
    const ends = new EventEnds(bytes, searched, line, lines)
    for (let end = ends.next(); end !== -1; end = ends.next()) {
      const edit = inspect(bytes, start, end, looksAhead)
      looksAhead = false
      if (edit !== undefined) {
        if (written < start) open = write(bytes.subarray(written, start))
        if (edit.stop === true) {
          stopped = true
          return true
        }
        const text = edit.before ?? edit.instead
        if (text !== undefined) open = write(text)
        written = edit.instead === undefined ? start : end
      }
      start = end
    }
    if (written < start) open = write(written === 0 && start === bytes.length ? bytes : bytes.subarray(written, start))
    if (ends.tooMany) refuse()
    else if (start < bytes.length) carry(start === 0 ? bytes : bytes.subarray(start))
    carriedLine = ends.line - start
    carriedLines = ends.lines
    return open
  }

  function carry(bytes: Buffer): void {
    carried.append(bytes)
    if (carried.length > maxEventBytes) refuse()
    else if (carried.length > maxBytesPerTurn) {
      const isFirst = !looksAhead
      looksAhead = true
      if (!lookAhead(isFirst ? carried.view() : bytes, isFirst)) stopped = true
    }
  }

  function refuse(): void {
    stopped = true
    overflow()
  }

  return {
    push(chunk) {
      if (stopped) return true
      if (carried.length === 0) return pump(chunk)
      const searched = carried.length
      carry(chunk)
      if (stopped) return true
      const ends = new EventEnds(carried.view(), searched, carriedLine, carriedLines)
      if (ends.next() !== -1) return pump(carried.take(), searched, carriedLine, carriedLines)
      if (ends.tooMany) refuse()
      carriedLine = ends.line
      carriedLines = ends.lines
      return true
    },
    finish() {
      if (stopped) return 'stopped'
      if (carried.length === 0) return 'whole'
      const bytes = carried.take()
      const edit = inspect(bytes, 0, bytes.length, looksAhead)
      if (edit?.stop === true) {
        stopped = true
        return 'stopped'
      }
      if (edit?.before !== undefined) write(edit.before)
      const last = edit?.instead === undefined ? bytes : Buffer.from(edit.instead)
      write(last)
      return isLineEnd(last.at(-1)) ? 'whole' : 'open'
    },
  }
}

const carriageReturn = 0x0d
const lineFeed = 0x0a

function isLineEnd(byte: number | undefined): boolean {
  return byte === lineFeed || byte === carriageReturn
}

/**
 * Finds the blank lines that end events, each byte looked at once. Lines end in LF, CRLF or CR, and a stream may mix
 * them; an event takes with it whatever further ends of lines follow its blank line.
 */
class EventEnds {
  readonly #bytes: Buffer
  #lineFeed: number
  #carriageReturn: number
  /** Where the line begins whose end is looked for. */
  line: number
  /** Lines of the event that have ended. */
  lines: number

  constructor(bytes: Buffer, searched: number, line: number, lines: number) {
    this.#bytes = bytes
    this.line = line
    this.lines = lines
    this.#lineFeed = bytes.indexOf(lineFeed, searched)
    this.#carriageReturn = bytes.indexOf(carriageReturn, searched)
  }

  /** Whether the event has more lines than are read. */
  get tooMany(): boolean {
    return this.lines > maxEventLines
  }

  /** The position after the next blank line; -1 where there is none, or the event has too many lines before it. */
  next(): number {
    const bytes = this.#bytes
    for (let at = this.#nextLineEnd(); at !== -1; at = this.#nextLineEnd()) {
      const isSecondHalf = at === this.line && bytes[at] === lineFeed && at > 0 && bytes[at - 1] === carriageReturn
      const isBlank = at === this.line && !isSecondHalf
      this.line = at + 1
      if (!isBlank) {
        if (!isSecondHalf) this.lines += 1
        if (this.tooMany) return -1
        continue
      }
      while (isLineEnd(bytes[this.line])) this.line += 1
      this.lines = 0
      return this.line
    }
    return -1
  }

  /** Searches for either end only where the one that was found lies behind, so that both together pass over the bytes twice. */
  #nextLineEnd(): number {
    const { line } = this
    if (isLineEnd(this.#bytes[line])) return line
    if (this.#lineFeed !== -1 && this.#lineFeed < line) this.#lineFeed = this.#bytes.indexOf(lineFeed, line)
    if (this.#carriageReturn !== -1 && this.#carriageReturn < line) this.#carriageReturn = this.#bytes.indexOf(carriageReturn, line)
    if (this.#lineFeed === -1 || this.#carriageReturn === -1) return Math.max(this.#lineFeed, this.#carriageReturn)
    return Math.min(this.#lineFeed, this.#carriageReturn)
  }
}
