import { connectionNames } from '../lib/connection-names.js'
import { createAnswerFilter, normalizeName } from './header-filter.js'
import type { LeakSearch } from './leak/leak-search.js'

/** The head of a gateway's answer, read once. */
export interface AnswerHead {
  readonly status: number
  /** By lower-case name, of which a spelling with `_` is one; the last of several. */
  readonly header: (name: string) => string | undefined
  /** By lower-case name; all of several, joined as a list (RFC 9110, 5.3). */
  readonly joined: (name: string) => string | undefined
  /** What the client gets, name and value in turn. */
  readonly passed: string[]
  /** The passed names that hold governance data, as they came. */
  readonly governanceNames: readonly string[]
  /** The values of its `Content-Encoding` lines. */
  readonly codings: readonly string[]
  /** Whether a `Transfer-Encoding` says that the body is packed; nobody undoes that for us. */
  readonly isRecoded: boolean
  /** The alias of a key that stood in a line, which is left out. */
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
  const codings: string[] = []
  let isRecoded = false
  let leaked: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const rawName = rawHeaders[index] as Buffer
    const rawValue = rawHeaders[index + 1] as Buffer
    const found = leaks.find(rawValue) ?? leaks.find(rawName)
    // Gone before anything is read from it: a fact of the governance record could carry it out as well.
    if (found !== undefined) {
      leaked = found
      continue
    }
    const name = rawName.toString('latin1')
    const value = rawValue.toString('latin1')
    raw.push(name, value)
    if (isNamed(name, 'content-encoding')) codings.push(value)
    else if (isNamed(name, 'transfer-encoding')) isRecoded ||= !/^(?:[\s,]|chunked|identity)*$/i.test(value)
  }
  const header = (name: string): string | undefined => {
    for (let index = raw.length - 2; index >= 0; index -= 2) {
      if (isNamed(raw[index] as string, name)) return raw[index + 1]
    }
    return undefined
  }
  const joined = (name: string): string | undefined => {
    let list: string | undefined
    for (let index = 0; index < raw.length; index += 2) {
      if (isNamed(raw[index] as string, name)) list = list === undefined ? raw[index + 1] : `${list}, ${raw[index + 1]}`
    }
    return list
  }
  const connection = joined('connection')
  const named = connectionNames(connection === undefined ? undefined : normalizeName(connection))
  const passed: string[] = []
  let governanceNames: string[] = none
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string
    const value = raw[index + 1] as string
    if (isDropped(name) || named?.has(normalizeName(name)) === true) continue
    passed.push(name, value)
    if (governance.length === 0 || !isGovernance(name.toLowerCase(), governance)) continue
    if (governanceNames === none) governanceNames = [name]
    else if (!governanceNames.includes(name)) governanceNames.push(name)
  }
  return { status, header, joined, passed, governanceNames, codings, isRecoded, leaked }
}

/** What is said of the packed body and not of what is in it (RFC 9110, 8.4 and 8.8.3; RFC 9530). */
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

/** The head of the answer as it is once its body is unpacked. */
export function unpackedHead(head: AnswerHead): AnswerHead {
  return {
    ...head,
    header: (name) => (ofPackedBody.has(name) ? undefined : head.header(name)),
    passed: head.passed.filter((_, index) => !ofPackedBody.has(normalizeName(head.passed[index - (index % 2)] as string))),
  }
}

/** The head of an answer whose end is told by framing alone. */
export function withoutLength(head: AnswerHead): AnswerHead {
  return { ...head, header: (name) => (name === 'content-length' ? undefined : head.header(name)) }
}

/** The head of an answer that is called something else than it is. */
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

/** Many readers take `Content_Type` for `Content-Type`, so what it says counts. */
function isNamed(name: string, lowerCase: string): boolean {
  return name.length === lowerCase.length && normalizeName(name) === lowerCase
}

function isGovernance(name: string, beginnings: readonly string[]): boolean {
  return beginnings.some((beginning) => name.startsWith(beginning))
}
