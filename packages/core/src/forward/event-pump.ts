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
  /** Looks at one whole event, the blank line that ends it included. */
  readonly inspect: (bytes: Buffer, start: number, end: number) => Edit | undefined
  readonly write: (bytes: Buffer | string) => boolean
  /** An event grew beyond the bound. */
  readonly overflow: () => void
}

/** The largest event that is waited for, in bytes: images travel as one event. */
const maxEventBytes = 16 * 1024 * 1024

/** An end of an event that lies across two chunks reaches at most this far back. */
const boundaryOverlap = 3

/**
 * Cuts a stream at the blank lines between events (HTML standard, 9.2.5) and writes each event in the tick
 * in which it is whole. A chunk of whole events that need no edit is written as the very buffer it came in.
 */
export function createEventPump({ inspect, write, overflow }: EventPumpOptions): EventPump {
  const carried = new GrowingBuffer()
  let stopped = false

  function pump(bytes: Buffer): boolean {
    let open = true
    let written = 0
    let start = 0
    const withCarriageReturns = bytes.includes(carriageReturn)
    for (let end = endOfEvent(bytes, start, withCarriageReturns); end !== -1; end = endOfEvent(bytes, start, withCarriageReturns)) {
      const edit = inspect(bytes, start, end)
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
    if (start < bytes.length) carry(start === 0 ? bytes : bytes.subarray(start))
    return open
  }

  function carry(bytes: Buffer): void {
    carried.append(bytes)
    if (carried.length <= maxEventBytes) return
    stopped = true
    overflow()
  }

  return {
    push(chunk) {
      if (stopped) return true
      if (carried.length === 0) return pump(chunk)
      const searched = Math.max(0, carried.length - boundaryOverlap)
      carry(chunk)
      return stopped || endOfEvent(carried.view(searched), 0, true) === -1 ? true : pump(carried.take())
    },
    finish() {
      if (stopped) return 'stopped'
      if (carried.length === 0) return 'whole'
      const bytes = carried.take()
      const edit = inspect(bytes, 0, bytes.length)
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

/** The position after the next blank line, or -1. Lines end in LF, CRLF or CR, and a stream may mix them. */
function endOfEvent(bytes: Buffer, start: number, withCarriageReturns: boolean): number {
  const lineFeeds = after(bytes, '\n\n', start)
  if (!withCarriageReturns) return lineFeeds
  return nearest(lineFeeds, nearest(after(bytes, '\n\r\n', start), after(bytes, '\r\r', start)))
}

function after(bytes: Buffer, mark: string, start: number): number {
  const at = bytes.indexOf(mark, start, 'latin1')
  return at === -1 ? -1 : at + mark.length
}

function nearest(left: number, right: number): number {
  if (left === -1 || right === -1) return Math.max(left, right)
  return Math.min(left, right)
}
