import { isAscii, isUtf8 } from 'node:buffer'
import { foldCase, holdsKey, keyNameOf, squashName, steersInBody } from '@postern/gateways'
import { Refusal } from '@postern/ports'
import { GrowingBuffer } from '../lib/growing-buffer.js'
import { type FormPart, FormReader, FormSyntaxError, type FormVisitor } from '../lib/form-reader.js'
import { isContent } from './content.js'
import { CredentialSearch } from './key-in-body.js'
import { isKey } from './key-in-text.js'
import { beginsJson } from './json-text.js'
import { NestedNames } from './nested-names.js'
import { readFieldText } from './settings-texts.js'
import { charsetOf, isUtf8Type } from './strict-content-type.js'

/** Maximum number of parts: no API has a form with more. */
const maxParts = 1000

/** Maximum length of a field's name, in characters: no API has a longer one. */
const maxNameChars = 256

/** Maximum length of a value that is kept for policy, in characters: no model has a longer name. */
const maxKeptChars = 1024

/** Maximum length of a field's value, in bytes. Only a field with input for the model may be longer. */
const maxFieldBytes = 64 * 1024

/**
 * Checks a field, by the names in its name, as {@link NestedNames} reads them. `value` is a text, or the object or list if the text is JSON, or {@link unreadFile} for a file. Throws a
 * `Refusal` to refuse the form.
 */
export type VisitField = (name: string, value: unknown, names: readonly string[]) => void

/** The value of a field that holds a file: Postern does not read files. */
export const unreadFile = Symbol('unread file')

/**
 * Reads the fields of a form as it streams through, with the rules for members of a JSON body: no field is repeated, no name
 * or value is a key, and no name decides where the call goes. Files are not read.
 */
export class FormFields implements FormVisitor {
  readonly #reader: FormReader
  readonly #keyPattern: RegExp | undefined
  readonly #visit: VisitField | undefined
  /** For each name of a part, folded to lower case: whether the part is a file. */
  readonly #seen = new Map<string, boolean>()
  /** Values of fields, by name, up to `maxKeptChars` long. */
  readonly values = new Map<string, string>()
  readonly #nested = new NestedNames()
  #parts = 0
  #name = ''
  /** The names in it. */
  #names: readonly string[] = []
  /** The bytes so far of the current field; `undefined` in a file. */
  #field: GrowingBuffer | undefined
  #fieldBytes = 0
  /** Whether the current field may only hold ASCII, since its own type names another charset than UTF-8. */
  #onlyAscii = false

  constructor(boundary: string, keyPattern: RegExp | undefined, visit?: VisitField) {
    this.#reader = new FormReader(boundary, this)
    this.#keyPattern = keyPattern
    this.#visit = visit
  }

  /** @throws {Refusal} 400 `request_malformed`, 400 `credential_in_request`, 415 `media_type_unsupported`. */
  feed(bytes: Buffer): void {
    asRefusal(() => this.#reader.feed(bytes))
  }

  /** @throws {Refusal} 400 `request_malformed` if the form is incomplete. */
  end(): void {
    asRefusal(() => this.#reader.end())
  }

  begins({ headers }: FormPart): void {
    this.#parts += 1
    if (this.#parts > maxParts) throw malformed(`The form has more than ${maxParts} parts.`)
    const names = headers.map(([name]) => name)
    if (new Set(names).size < names.length) throw malformed('A part of the form has a header twice.')
    const said = Object.fromEntries(headers)
    refuseCoding(said)
    const { name, isFile } = readDisposition(said['content-disposition'] ?? '')
    if (name.length > maxNameChars) throw malformed(`A field's name is longer than ${maxNameChars} characters.`)
    this.#names = this.#nested.read(name)
    refuseFieldName(name, this.#names)
    this.#name = name
    this.#field = isFile ? undefined : new GrowingBuffer()
    this.#fieldBytes = 0
    this.#onlyAscii = !isFile && readCharset(said['content-type'] ?? '') === 'like ASCII'
    this.#refuseTwice(name, isFile)
    if (isFile && namesCharset(name)) throw otherCharset()
    if (isFile) this.#visit?.(name, unreadFile, this.#names)
  }

  /** Files may share a name, and so may fields that end in `[]`. Any other repetition is refused: servers differ in which one counts. */
  #refuseTwice(name: string, isFile: boolean): void {
    const folded = foldCase(name)
    const isKnown = this.#seen.get(folded)
    this.#seen.set(folded, isFile)
    if (isKnown === undefined || (isKnown === isFile && (isFile || name.endsWith('[]')))) return
    throw malformed(`The field "${name.slice(0, 64)}" stands in the form more than once.`)
  }

  data(bytes: Buffer): void {
    if (this.#field === undefined) return
    if (this.#onlyAscii && !isAscii(bytes)) throw otherCharset()
    if (this.#fieldBytes > maxFieldBytes) return
    this.#fieldBytes += bytes.length
    this.#field.append(bytes)
    if (this.#fieldBytes > maxFieldBytes) this.#refuseLong(this.#field.take())
  }

  /** Refuses a long field, except input for the model that no visit must check, or that cannot be JSON. */
  #refuseLong(begun: Buffer): void {
    // If the part that was read has only blanks, and perhaps a part of a character, JSON may follow.
    const text = begun
      .toString('utf8')
      .replace(/\ufffd{1,3}$/, '')
      .trimStart()
    if (isContent(this.#name) && (this.#visit === undefined || (text !== '' && !beginsJson(text)))) return
    throw malformed(`The field "${this.#name.slice(0, 64)}" is longer than ${maxFieldBytes} bytes.`)
  }

  ends(): void {
    if (this.#field === undefined || this.#fieldBytes > maxFieldBytes) return
    const bytes = this.#field.take()
    this.#field = undefined
    if (!isUtf8(bytes)) throw malformed(`The field "${this.#name.slice(0, 64)}" is not valid UTF-8.`)
    const value = bytes.toString('utf8')
    if (namesCharset(this.#name) && !/^(?:utf-?8)?$/i.test(value)) throw otherCharset()
    if (value.length <= maxKeptChars) this.values.set(this.#name, value)
    const isText = isContent(this.#name)
    if (!isText) this.#refuseKeyIn(value)
    const read = readFieldText(this.#name, value, { mayBeText: isText, looksInContent: this.#visit !== undefined })
    if (read !== undefined && !isText) new CredentialSearch(asMembers(read), this.#keyPattern).step(Infinity)
    this.#visit?.(this.#name, read ?? value, this.#names)
  }

  #refuseKeyIn(value: string): void {
    if (holdsKey(value) || isKey(value, this.#keyPattern)) throw new Refusal('credential_in_request', { param: this.#name.slice(0, 64) })
  }
}

/** Wraps a list into an object, under an empty name. */
function asMembers(read: object): Readonly<Record<string, unknown>> {
  return Array.isArray(read) ? { '': read } : (read as Readonly<Record<string, unknown>>)
}

/** Refuses encoded, compressed and nested parts (RFC 7578, 4.7): some servers decode them, and Postern does not. */
function refuseCoding(said: Readonly<Record<string, string>>): void {
  const transfer = said['content-transfer-encoding']?.toLowerCase() ?? 'binary'
  const coding = said['content-encoding']?.toLowerCase() ?? 'identity'
  if (!['7bit', '8bit', 'binary'].includes(transfer) || coding !== 'identity' || /^\s*multipart\//i.test(said['content-type'] ?? ''))
    throw new Refusal('media_type_unsupported', {
      message: 'Parts of a form are taken as they are, not packed, encoded or forms themselves.',
      headers: ['Accept-Encoding', 'identity'],
    })
}

/** Charsets that read ASCII like UTF-8. Some clients name one for every field, whatever it holds. */
const likeAscii = charsetOf('"?(?:us-ascii|ascii|iso-8859-1|latin-?1|windows-1252)"?')

/**
 * The charset that a field's own type names. Refuses all others: by UTF-7, a server would read another value than Postern.
 * The type of a file may name any, since files are not read.
 */
function readCharset(type: string): 'UTF-8' | 'like ASCII' {
  if (!/charset/i.test(type) || isUtf8Type(type)) return 'UTF-8'
  if (isUtf8Type(type, likeAscii)) return 'like ASCII'
  throw otherCharset()
}

/** Whether a field names the charset of all others (RFC 7578, 4.6). */
function namesCharset(name: string): boolean {
  return foldCase(name).trim() === '_charset_'
}

function otherCharset(): Refusal {
  return malformed('The fields of a form are UTF-8. Remove the other charset that it names.')
}

const disposition = /^form-data((?:\s*;\s*[\w*-]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;"]+))*)\s*;?$/i
const parameter = /;\s*([\w*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/g

function readDisposition(text: string): { readonly name: string; readonly isFile: boolean } {
  const [, parameters] = disposition.exec(text) ?? []
  if (parameters === undefined) throw malformed('A part of the form does not say what field it is.')
  const found = [...parameters.matchAll(parameter)].map(
    ([, name = '', quoted, bare]) => [name.toLowerCase(), quoted ?? bare ?? ''] as const,
  )
  const names = found.filter(([name]) => name === 'name')
  if (names.length !== 1 || found.some(([name]) => name.startsWith('name*')) || new Set(found.map(([name]) => name)).size < found.length)
    throw malformed('A part of the form does not say once what field it is.')
  return { name: names[0]?.[1] ?? '', isFile: isFile(new Map(found)) }
}

/**
 * Whether a part is a file: it has a non-empty `filename`. Refuses a part with an empty `filename`, or with `filename*`
 * alone (RFC 7578, 4.2, forbids `filename*`): servers differ in whether such a part is a file or a field. Both together are
 * accepted, since some clients send both.
 */
function isFile(parameters: ReadonlyMap<string, string>): boolean {
  const said = [...parameters.keys()].filter((name) => name.startsWith('filename'))
  if (said.length === 0) return false
  const extended = parameters.get('filename*')
  if (
    !namesFile(parameters.get('filename') ?? '') ||
    (extended !== undefined && !namesFileExtended.test(extended)) ||
    said.some((name) => name !== 'filename' && name !== 'filename*')
  )
    throw malformed('A file in the form has no name in "filename", or a part that is no file has one.')
  return true
}

/** Whether a file name is not empty behind its last slash: servers cut off the folders. */
function namesFile(name: string): boolean {
  return /[^\s.]/.test(name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1))
}

const namesFileExtended = /^utf-8'[\w-]*'(?:%[\da-f]{2}|[\w!#$&+.^`|~-])+$/i

function refuseFieldName(name: string, names: readonly string[]): void {
  const says = names.map((part) => squashName(part))
  if (keyNameOf(says[0] as string) !== undefined || says.some((part) => keyNameOf(part) === 'certain'))
    throw new Refusal('credential_in_request', { param: name.slice(0, 64) })
  if (says.some(steersInBody))
    throw new Refusal('request_malformed', {
      message: "The form has a field that would say where the call goes or who pays for it, which is the operator's to configure.",
      help: 'Remove it.',
      param: name.slice(0, 64),
    })
}

function asRefusal(work: () => void): void {
  try {
    work()
  } catch (error) {
    throw error instanceof FormSyntaxError ? malformed(error.message) : error
  }
}

function malformed(message: string): Refusal {
  return new Refusal('request_malformed', { message })
}
