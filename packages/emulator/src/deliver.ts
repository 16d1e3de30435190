import type { OutgoingHttpHeaders } from 'node:http'
import type { Answer } from './answer.js'
import { encodeEvent } from './event-stream.js'
import type { EmulatedCall } from './emulated-call.js'

/** How an answer is sent, if not at once and whole. */
export interface Manner {
  headers?: OutgoingHttpHeaders
  lineEnd?: '\n' | '\r\n'
  /** Send pieces of this many bytes, each on its own. */
  pieceBytes?: number
  /** Pause between events, or between the pieces of a body, in milliseconds. */
  delayMs?: number
  /** Leave out the closing event. */
  unclosed?: boolean
  /** Where to stop, and what happens then. */
  stop?: { after: 'first' | 'half'; outcome: 'silence' | 'cut' }
}

export async function deliver(exchange: EmulatedCall, answer: Answer, manner: Manner = {}): Promise<void> {
  const parts = partsOf(answer, manner)
  const length = answer.form === 'body' ? { 'content-length': answer.bytes.length } : {}
  const status = answer.form === 'body' ? (answer.status ?? 200) : 200
  exchange.begin(status, { ...answer.headers, ...length, ...manner.headers })
  const last = manner.stop === undefined ? parts.length : stopAt(parts.length, manner.stop.after)
  const whole = answer.form === 'events' && manner.pieceBytes === undefined
  const delayMs = manner.delayMs ?? (whole ? (exchange.options.eventDelayMs ?? 0) : 0)
  for (const [index, part] of parts.slice(0, last).entries()) {
    if (index > 0 && (delayMs > 0 || manner.pieceBytes !== undefined)) await exchange.pause(delayMs)
    if (exchange.gone) return
    await exchange.write(part)
  }
  if (manner.stop === undefined) return exchange.end()
  if (manner.stop.outcome === 'silence') return
  const broken = parts[last]
  if (broken !== undefined) await exchange.write(broken.subarray(0, broken.length >> 1))
  await exchange.cut()
}

function partsOf(answer: Answer, manner: Manner): Buffer[] {
  if (answer.form === 'events') {
    const events = manner.unclosed === true ? answer.events.slice(0, -1) : answer.events
    const parts = events.map((event) => encodeEvent(event, manner.lineEnd))
    return manner.pieceBytes === undefined ? parts : slices(Buffer.concat(parts), manner.pieceBytes)
  }
  if (manner.pieceBytes !== undefined) return slices(answer.bytes, manner.pieceBytes)
  const inParts = manner.stop !== undefined || manner.delayMs !== undefined
  return inParts ? slices(answer.bytes, Math.ceil(answer.bytes.length / 50)) : [answer.bytes]
}

function stopAt(parts: number, after: 'first' | 'half'): number {
  return after === 'first' ? 1 : parts >> 1
}

function slices(bytes: Buffer, length: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / length) }, (_, index) => bytes.subarray(index * length, (index + 1) * length))
}
