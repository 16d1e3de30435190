import { isAscii } from 'node:buffer'
import { Readable } from 'node:stream'
import { type CheckHead, readByLibrary, type TableRow } from './read-by-library.js'

const comma = 0x2c
const lineFeed = 0x0a
const [carriageReturn, quote] = ['\r', '"']

/** A longer row is left to the library, in bytes: the library has a bound, and says what is above it. */
const longestPlain = 16_384

/**
 * Reads a table in CSV, some rows at a time. Rows without quotes are read here, up to the first part of the file that has a quote, a carriage
 * return, or a row with another number of columns. From there on the library reads, which takes several times as long.
 *
 * @param maxRowBytes The longest row.
 * @throws What `checkHead` throws; the system's error, if the stream breaks off.
 */
export async function* readTable(
  stream: NodeJS.ReadableStream,
  checkHead: CheckHead,
  maxRowBytes: number,
): AsyncGenerator<readonly TableRow[]> {
  const pieces = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let columns: readonly string[] | undefined
  let line = 0
  let rest = Buffer.alloc(0)
  for (;;) {
    const next = await pieces.next()
    const isLast = next.done === true
    const bytes = isLast ? rest : Buffer.concat([rest, next.value])
    const read = readRows(bytes, isLast, columns, line, checkHead)
    if (read.rows.length > 0) yield read.rows
    columns = read.columns
    line = read.line
    rest = bytes.subarray(read.end)
    if (read.isOdd) {
      const left = rest
      yield* readByLibrary(Readable.from(followedBy(left, pieces)), columns === undefined ? checkHead : [...columns], line, maxRowBytes)
      return
    }
    if (isLast) return
  }
}

async function* followedBy(first: Buffer, pieces: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first
  for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) yield next.value
}

interface ReadRows {
  readonly rows: readonly TableRow[]
  readonly columns: readonly string[] | undefined
  /** How many lines were read of the file. */
  readonly line: number
  /** The position behind what was read. */
  readonly end: number
  /** What follows is to be read by the library. */
  readonly isOdd: boolean
}

function readRows(bytes: Buffer, isLast: boolean, known: readonly string[] | undefined, lines: number, checkHead: CheckHead): ReadRows {
  const rows: TableRow[] = []
  let columns = known
  let line = lines
  let at = 0
  const result = (isOdd: boolean): ReadRows => ({ rows, columns, line, end: at, isOdd })
  if (bytes.includes(quote) || bytes.includes(carriageReturn) || (columns === undefined && bytes[0] !== undefined && bytes[0] >= 0x80))
    return result(true)
  const encoding = isAscii(bytes) ? 'latin1' : 'utf8'
  for (;;) {
    const found = bytes.indexOf(lineFeed, at)
    const end = found === -1 ? bytes.length : found
    if (end - at > longestPlain) return result(true)
    // The line goes on in the next piece, or the file has ended.
    if (found === -1 && (!isLast || end === at)) return result(false)
    // Without a line feed behind the head, the library may take another end of lines.
    if (columns === undefined && (found === -1 || end === at)) return result(true)
    if (end > at) {
      const fields = fieldsOf(bytes, at, end, encoding)
      if (columns === undefined) columns = checkHead(fields)
      else if (fields.length === columns.length) rows.push({ line: line + 1, record: recordOf(columns, fields) })
      else return result(true)
    }
    line += 1
    at = Math.min(end + 1, bytes.length)
  }
}

/** Each field is a text of its own: a part of a longer text would keep the keys of other rows in memory. */
function fieldsOf(bytes: Buffer, start: number, end: number, encoding: 'latin1' | 'utf8'): string[] {
  const fields: string[] = []
  let from = start
  for (let at = start; at < end; at += 1) {
    if (bytes[at] !== comma) continue
    fields.push(bytes.toString(encoding, from, at))
    from = at + 1
  }
  fields.push(bytes.toString(encoding, from, end))
  return fields
}

function recordOf(columns: readonly string[], fields: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {}
  for (let index = 0; index < columns.length; index += 1) record[columns[index] as string] = fields[index] as string
  return record
}
