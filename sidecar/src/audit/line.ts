import { createHash } from 'node:crypto'
import { asciiJson } from '@postern/protocol'
import type { AuditEntry } from './audit.js'

/** A line of the audit. */
export interface AuditLine extends AuditEntry {
  /** ISO 8601. */
  readonly time: string
  /** The SHA-256 of the line before, without its line break; `null` in the first one. */
  readonly before: string | null
  /** The id of the chain, where lines have marks: a random one that its first line with a mark has chosen. */
  readonly chain?: string
  /** The mark: the id of a master key, and HMAC-SHA-256 of the line without this member, under a key that is derived from that master key. */
  readonly mac?: string
}

/** What a line with a mark needs. */
export interface LineMark {
  readonly chain: string
  /** Makes the mark of a line. */
  readonly mark: (text: string) => string
}

/**
 * Writes a line without its line break. It is ASCII, so that no terminal obeys it.
 *
 * @param mark Default: the line has no mark.
 */
export function formatLine(entry: AuditEntry, before: string | null, mark?: LineMark): string {
  const time = new Date().toISOString()
  if (mark === undefined) return asciiJson(JSON.stringify({ time, ...entry, before }))
  const text = asciiJson(JSON.stringify({ time, ...entry, chain: mark.chain, before }))
  return `${text.slice(0, -1)}${beforeMark}${mark.mark(text)}"}`
}

const beforeMark = ',"mac":"'

/** A line without its mark, and the mark; `undefined`: it has none at its end. */
export function splitMark(line: Buffer): { readonly text: string; readonly mac: string } | undefined {
  const whole = line.toString('latin1')
  const at = whole.lastIndexOf(beforeMark)
  if (at === -1 || !whole.endsWith('"}')) return undefined
  return { text: `${whole.slice(0, at)}}`, mac: whole.slice(at + beforeMark.length, -2) }
}

/** The SHA-256 of a line's bytes, in hexadecimal digits. */
export function digestOf(line: Buffer | string): string {
  return createHash('sha256').update(line).digest('hex')
}

/**
 * Returns `undefined` for anything but a whole line of an audit, as {@link formatLine} writes it: of a member that stands twice, or
 * behind the mark, others could read another value.
 */
export function readLine(bytes: Buffer): AuditLine | undefined {
  try {
    const text = bytes.toString('utf8')
    const line = JSON.parse(text) as Partial<AuditLine> | null
    if (asciiJson(JSON.stringify(line)) !== text) return undefined
    const isWhole = [line?.time, line?.who, line?.what, line?.result].every((member) => typeof member === 'string')
    return isWhole && (line?.before === null || typeof line?.before === 'string') ? (line as AuditLine) : undefined
  } catch {
    return undefined
  }
}

/** Cuts bytes at their line breaks; the last piece is what stands behind the last one, and is often empty. */
export function splitLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = []
  let from = 0
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, from)) {
    lines.push(bytes.subarray(from, at))
    from = at + 1
  }
  return [...lines, bytes.subarray(from)]
}

/** How every line begins. */
const beginning = '{"time":"'

/** Whether it may be the beginning of a line that a process did not write to its end. */
export function looksTorn(line: Buffer): boolean {
  const start = line.subarray(0, beginning.length).toString('latin1')
  return start !== '' && beginning.startsWith(start)
}

/** One digest for several torn lines in a row. */
export function digestOfTorn(lines: readonly Buffer[]): string {
  return digestOf(lines.map((line) => line.toString('latin1')).join('\n'))
}
