import { GrowingBuffer } from '../../lib/growing-buffer.js'

/** What to do with one event; `undefined` in its place: pass the event unchanged. */
export interface Edit {
  /** Written in front of the event. */
  readonly before?: string
  /** Written in place of the event. */
  readonly instead?: string | Buffer
  /** Write neither this event nor anything after it. */
  readonly stop?: boolean
}

/** Cuts a stream of bytes into events and writes them. */
export interface EventPump {
  /** Writes the events that are complete with this chunk; `false`: wait for `drain`. */
  push(chunk: Buffer): boolean
  /**
   * Ends the stream; bytes after the last blank line are an event too. `open`: the last line has no line end, so text that
   * is appended would become part of it.
   */
  finish(): 'whole' | 'open' | 'stopped'
  /** How many bytes of an event that is not complete are held. */
  readonly held: number
}

export interface EventPumpOptions {
  /**
   * Inspects one complete event, including the blank line that ends it.
   *
   * @param lookedAhead Whether `lookAhead` has seen the whole event.
   */
  readonly inspect: (bytes: Buffer, start: number, end: number, lookedAhead: boolean) => Edit | undefined
  /**
   * Searches a piece of a large event as it arrives, so that the event is not searched in one turn of the event loop.
   * `false`: write neither the event nor anything after it.
   *
   * @param isFirst Whether the piece is the first of its event.
   */
  readonly lookAhead: (piece: Buffer, isFirst: boolean) => boolean
  readonly write: (bytes: Buffer | string) => boolean
  /** Called if an event exceeds `maxEventBytes` or `maxEventLines`. */
  readonly overflow: () => void
}

/** Maximum size of an event, in bytes: an image is one event. */
const maxEventBytes = 16 * 1024 * 1024

/** An event above this size is searched as it arrives, in bytes. */
const maxBytesPerTurn = 256 * 1024

/** Maximum number of lines of an event: they are read in one turn of the event loop, and APIs send only a few. */
const maxEventLines = 10_000

/**
 * Cuts a stream at the blank lines between events (HTML standard, 9.2.5) and writes each event in the tick in which it is
 * complete. A chunk of complete events without an edit is written without copying.
 */
export function createEventPump({ inspect, lookAhead, write, overflow }: EventPumpOptions): EventPump {
  const carried = new GrowingBuffer()
  /** Where the last line in `carried` begins. */
  let carriedLine = 0
  /** How many lines in `carried` have ended. */
  let carriedLines = 0
  /** Whether the carried event is searched as it arrives. */
  let looksAhead = false
  let stopped = false

  /**
   * @param searched How many bytes were searched before.
   * @param line Where the unfinished line at `searched` begins.
   * @param lines How many lines of the event ended before that line.
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
        if (edit.before !== undefined) open = write(edit.before)
        if (edit.instead !== undefined) open = write(edit.instead)
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
    get held() {
      return carried.length
    },
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
 * Finds the blank lines that end events. Lines end in LF, CRLF or CR, and a stream may mix them. Further blank lines belong
 * to the event before them.
 */
class EventEnds {
  readonly #bytes: Buffer
  #lineFeed: number
  #carriageReturn: number
  /** Where the current line begins. */
  line: number
  /** How many lines of the event have ended. */
  lines: number

  constructor(bytes: Buffer, searched: number, line: number, lines: number) {
    this.#bytes = bytes
    this.line = line
    this.lines = lines
    this.#lineFeed = bytes.indexOf(lineFeed, searched)
    this.#carriageReturn = bytes.indexOf(carriageReturn, searched)
  }

  /** Whether the event has more than `maxEventLines` lines. */
  get tooMany(): boolean {
    return this.lines > maxEventLines
  }

  /** The position after the next blank line; -1 if there is none, or if the event has too many lines. */
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

  /** Searches LF or CR again only if the last position found lies before the current line, so each byte is searched twice at most. */
  #nextLineEnd(): number {
    const { line } = this
    if (isLineEnd(this.#bytes[line])) return line
    if (this.#lineFeed !== -1 && this.#lineFeed < line) this.#lineFeed = this.#bytes.indexOf(lineFeed, line)
    if (this.#carriageReturn !== -1 && this.#carriageReturn < line) this.#carriageReturn = this.#bytes.indexOf(carriageReturn, line)
    if (this.#lineFeed === -1 || this.#carriageReturn === -1) return Math.max(this.#lineFeed, this.#carriageReturn)
    return Math.min(this.#lineFeed, this.#carriageReturn)
  }
}
