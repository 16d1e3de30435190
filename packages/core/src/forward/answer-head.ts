import { connectionNames } from '../lib/connection-names.js'
import { rememberNames } from '../lib/remember-names.js'
import { createAnswerFilter, normalizeName } from './header-filter.js'
import type { LeakSearch } from './leak/leak-search.js'

/** The head of a gateway's answer, read once. */
export interface AnswerHead {
  readonly status: number
  /** The last value of each header, by lower-case name; `_` in a name counts as `-`. */
  readonly header: (name: string) => string | undefined
  /** All values of each header, joined as a list (RFC 9110, 5.3), by lower-case name. */
  readonly joined: (name: string) => string | undefined
  /** The headers that the client gets, name and value in turn. */
  readonly passed: string[]
  /** Names, as they came, of the passed headers that hold governance data. */
  readonly governanceNames: readonly string[]
  /** The values of its `Content-Encoding` lines. */
  readonly codings: readonly string[]
  /** Whether a `Transfer-Encoding` other than `chunked` packs the body, which neither Node nor undici unpacks. */
  readonly isRecoded: boolean
  /** The alias of the key that a header line held; that line is left out. */
  readonly leaked: string | undefined
}

const isDropped = createAnswerFilter()

/** Reads raw header bytes as Latin-1, so that what passes is passed unchanged. */
export function readAnswerHead(
  status: number,
  rawHeaders: readonly Buffer[],
  governance: readonly string[],
  leaks: LeakSearch,
): AnswerHead {
  const raw: string[] = []
  /** The normalized name of each line of `raw`. */
  const names: string[] = []
  const codings: string[] = []
  let isRecoded = false
  let leaked: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const rawName = rawHeaders[index] as Buffer
    const rawValue = rawHeaders[index + 1] as Buffer
    const found = leaks.find(rawValue) ?? leaks.find(rawName)
    // The line is dropped before facts are read from it: otherwise the governance record could carry the key out.
    if (found !== undefined) {
      leaked = found
      continue
    }
    const name = rawName.toString('latin1')
    const value = rawValue.toString('latin1')
    const normal = normalizeOften(name)
    raw.push(name, value)
    names.push(normal)
    if (normal === 'content-encoding') codings.push(value)
    else if (normal === 'transfer-encoding') isRecoded ||= !/^(?:[\s,]|chunked|identity)*$/i.test(value)
  }
  const header = (name: string): string | undefined => {
    const index = names.lastIndexOf(name)
    return index === -1 ? undefined : raw[2 * index + 1]
  }
  const joined = (name: string): string | undefined => {
    let list: string | undefined
    for (let index = names.indexOf(name); index !== -1; index = names.indexOf(name, index + 1))
      list = list === undefined ? raw[2 * index + 1] : `${list}, ${raw[2 * index + 1]}`
    return list
  }
  const connection = joined('connection')
  const named = connectionNames(connection === undefined ? undefined : normalizeName(connection))
  const passed: string[] = []
  let governanceNames: string[] = none
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string
    const value = raw[index + 1] as string
    if (isDropped(name) || named?.has(names[index / 2] as string) === true) continue
    passed.push(name, value)
    if (governance.length === 0 || !isGovernance(name.toLowerCase(), governance)) continue
    if (governanceNames === none) governanceNames = [name]
    else if (!governanceNames.includes(name)) governanceNames.push(name)
  }
  return { status, header, joined, passed, governanceNames, codings, isRecoded, leaked }
}

/** Headers that describe the packed bytes and are wrong for the unpacked body (RFC 9110, 8.4 and 8.8.3; RFC 9530). */
const ofPackedBody = new Set([
  'content-encoding',
  'content-length',
  'content-md5',
  'content-digest',
  'repr-digest',
  'digest',
  'etag',
  'accept-ranges',
])

/** The head that fits the unpacked body. */
export function unpackedHead(head: AnswerHead): AnswerHead {
  return {
    ...head,
    header: (name) => (ofPackedBody.has(name) ? undefined : head.header(name)),
    passed: head.passed.filter((_, index) => !ofPackedBody.has(normalizeName(head.passed[index - (index % 2)] as string))),
  }
}

/** The head without `Content-Length`: framing alone tells the end. */
export function withoutLength(head: AnswerHead): AnswerHead {
  return { ...head, header: (name) => (name === 'content-length' ? undefined : head.header(name)) }
}

/** The head with the `Content-Type` that the body really has. */
export function renamed(head: AnswerHead, type: string): AnswerHead {
  const isType = (name: string): boolean => normalizeName(name) === 'content-type'
  const passed = head.passed.filter((_, index) => !isType(head.passed[index - (index % 2)] as string))
  return {
    ...head,
    header: (name) => (name === 'content-type' ? type : head.header(name)),
    joined: (name) => (name === 'content-type' ? type : head.joined(name)),
    passed: [...passed, 'Content-Type', type],
  }
}

const none: string[] = []

/** Many readers take `Content_Type` for `Content-Type`, so its value counts too. A gateway sends the same names each time. */
const normalizeOften = rememberNames(normalizeName)

function isGovernance(name: string, beginnings: readonly string[]): boolean {
  return beginnings.some((beginning) => name.startsWith(beginning))
}
