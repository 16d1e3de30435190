import { createReadStream } from 'node:fs'
import { type BindingFields, bindingFields, Secret } from '@postern/ports'
import { hasRepeatedMember } from '@postern/protocol'
import { countOf } from '../count-of.js'
import { Failure } from '../failure.js'
import { readTable } from './read-table.js'

/** A key from a line of a file, with its bindings. */
export interface ImportedKey {
  readonly alias: string
  readonly gateway: string
  readonly secret: Secret
  readonly providerSecret?: Secret | undefined
  readonly project?: string | undefined
  readonly currency?: string | undefined
  readonly shared?: boolean | undefined
  readonly bindings: readonly BindingFields[]
}

/** A line of a file: a key, or what is wrong with the line. A fault names members and never repeats a value, since a value may be a key. */
export type ImportedLine = { readonly line: number; readonly key: ImportedKey } | { readonly line: number; readonly fault: string }

/** The columns of CSV. The first three are required; a row has at most one binding. */
export const importColumns = [
  'alias',
  'gateway',
  'secret',
  'provider_secret',
  'gateway_project',
  'currency',
  'shared',
  'user',
  'team',
  'project',
  'service',
  'workflow',
] as const

type Column = (typeof importColumns)[number]

/** The longest line of a file, in bytes. */
const maxLineBytes = 65_536

/**
 * Reads a file of keys, line by line: CSV with a head, or a JSON object in each line. Gives some lines at a time.
 *
 * @param bytes Gets the number of bytes that were read so far.
 * @throws {Failure} if the name of the file or its first line does not fit; the system's error, if the file cannot be read.
 */
export async function* readImport(file: string, bytes: (read: number) => void): AsyncGenerator<readonly ImportedLine[]> {
  const read = readerFor(file)
  const stream = createReadStream(file)
  for await (const lines of read(stream)) {
    bytes(stream.bytesRead)
    yield lines
  }
}

function readerFor(file: string): (stream: NodeJS.ReadableStream) => AsyncGenerator<readonly ImportedLine[]> {
  if (file.endsWith('.csv')) return readCsv
  if (/\.(?:jsonl|ndjson)$/.test(file)) return readJsonLines
  throw new Failure(`${file} is neither CSV nor JSON Lines.\nGive a file whose name ends in .csv or .jsonl.`)
}

async function* readCsv(stream: NodeJS.ReadableStream): AsyncGenerator<readonly ImportedLine[]> {
  for await (const rows of readTable(stream, checkHead, maxLineBytes))
    yield rows.map((row) =>
      'code' in row
        ? { line: row.line, fault: `is no row of this table (${row.code}). Its columns are those of the first line.` }
        : { line: row.line, ...ofRow(row.record) },
    )
}

/** @throws {Failure} if a column is unknown, missing or named twice. */
function checkHead(head: string[]): string[] {
  const names = head.map((name) => name.trim())
  const unknown = names.find((name) => !importColumns.includes(name as Column))
  if (unknown !== undefined)
    throw new Failure(`The first line of the file has a column that is not known.\nIt may have ${importColumns.join(', ')}.`)
  const missing = importColumns.slice(0, 3).find((name) => !names.includes(name))
  if (missing !== undefined)
    throw new Failure(`The first line of the file has no column "${missing}".\nIt needs alias, gateway and secret.`)
  if (new Set(names).size < names.length) throw new Failure('The first line of the file has a column twice.')
  return names
}

function ofRow(row: Partial<Record<Column, string>>): { readonly key: ImportedKey } | { readonly fault: string } {
  const of = (column: Column): string | undefined => (row[column] === '' ? undefined : row[column])
  const [alias, gateway, secret, shared] = [of('alias'), of('gateway'), of('secret'), of('shared')]
  if (alias === undefined || gateway === undefined || secret === undefined) return { fault: 'lacks alias, gateway or secret.' }
  if (shared !== undefined && shared !== 'true' && shared !== 'false') return { fault: 'has "shared", which is true or false.' }
  const provider = of('provider_secret')
  const principal: BindingFields = Object.fromEntries(
    bindingFields.filter((field) => of(field) !== undefined).map((field) => [field, of(field)]),
  )
  return {
    key: {
      alias,
      gateway,
      secret: new Secret(secret),
      providerSecret: provider === undefined ? undefined : new Secret(provider),
      project: of('gateway_project'),
      currency: of('currency'),
      ...(shared === 'true' ? { shared: true } : {}),
      bindings: Object.keys(principal).length === 0 ? [] : [principal],
    },
  }
}

async function* readJsonLines(stream: NodeJS.ReadableStream): AsyncGenerator<readonly ImportedLine[]> {
  let line = 0
  for await (const text of linesOf(stream)) {
    line += 1
    if (text === undefined) yield [{ line, fault: `has more than ${countOf(maxLineBytes, 'byte')}.` }]
    else if (text.trim() !== '') yield [{ line, ...ofJson(text) }]
  }
}

/** The lines of a stream; `undefined` in the place of one that has more than {@link maxLineBytes}. Holds one line at most. */
async function* linesOf(stream: NodeJS.ReadableStream): AsyncGenerator<string | undefined> {
  let pieces: Buffer[] = []
  let bytes = 0
  const add = (piece: Buffer): void => {
    bytes += piece.length
    if (bytes > maxLineBytes) pieces = []
    else pieces.push(piece)
  }
  const end = (): string | undefined => {
    const text = bytes > maxLineBytes ? undefined : Buffer.concat(pieces).toString('utf8')
    pieces = []
    bytes = 0
    return text
  }
  for await (const piece of stream as AsyncIterable<Buffer>) {
    let from = 0
    for (let at = piece.indexOf(lineFeed); at !== -1; at = piece.indexOf(lineFeed, from)) {
      add(piece.subarray(from, at))
      yield end()
      from = at + 1
    }
    add(piece.subarray(from))
  }
  yield end()
}

const lineFeed = 0x0a

const members = ['alias', 'gateway', 'secret', 'providerSecret', 'project', 'currency', 'shared', 'bind'] as const

function ofJson(text: string): { readonly key: ImportedKey } | { readonly fault: string } {
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch {
    return { fault: 'is no JSON.' }
  }
  if (hasRepeatedMember(text)) return { fault: 'has a member twice.' }
  if (typeof read !== 'object' || read === null || Array.isArray(read)) return { fault: 'is no JSON object.' }
  const unknown = Object.keys(read).find((name) => !members.includes(name as (typeof members)[number]))
  if (unknown !== undefined) return { fault: `has a member that is not known. It may have ${members.join(', ')}.` }
  const { alias, gateway, secret, providerSecret, project, currency, shared = false, bind = [] } = read as Readonly<Record<string, unknown>>
  if (typeof alias !== 'string' || typeof gateway !== 'string' || typeof secret !== 'string')
    return { fault: 'lacks alias, gateway or secret, each a text.' }
  for (const [name, value] of Object.entries({ providerSecret, project, currency }))
    if (value !== undefined && typeof value !== 'string') return { fault: `has "${name}", which is a text.` }
  if (typeof shared !== 'boolean') return { fault: 'has "shared", which is true or false.' }
  if (!Array.isArray(bind) || !bind.every(isPrincipal)) return { fault: 'has "bind", which is a list such as [{ "team": "acme" }].' }
  return {
    key: {
      alias,
      gateway,
      secret: new Secret(secret),
      providerSecret: typeof providerSecret === 'string' ? new Secret(providerSecret) : undefined,
      project: project as string | undefined,
      currency: currency as string | undefined,
      ...(shared ? { shared: true } : {}),
      bindings: bind,
    },
  }
}

function isPrincipal(value: unknown): value is BindingFields {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).every(([name, text]) => bindingFields.some((field) => field === name) && typeof text === 'string')
}
