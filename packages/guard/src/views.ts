import { isAscii } from 'node:buffer'

/** A text as it is, or as a program would decode it. */
export interface View {
  readonly text: string
  /** The position in the original text that a position in this text comes from. */
  origin(index: number): number
}

/**
 * All readings of a text: as it is; with its escapes decoded, also those of URLs and HTML; with its concatenated literals
 * joined, which a minifier may do later; without backslashes, as a text within texts is in the end; the content of its
 * `data:` URLs and of its base64; and what is written in it as UTF-16.
 */
export function viewsOf(text: string): View[] {
  const plain: View = { text, origin: (index) => index }
  const unescaped = rewrite(plain, escapes, unescape)
  const joined = rewrite(unescaped, concatenations, () => '')
  const bare = rewrite(unescaped, /\\/g, () => '')
  return [plain, unescaped, joined, bare, ...dataIn(text), ...base64In(text), ...wideIn(text)].filter(
    ({ text }, index, all) => all.findIndex((one) => one.text === text) === index,
  )
}

const escapes =
  /\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|[nrtbfv])|%([0-9a-fA-F]{2})|&#[xX]([0-9a-fA-F]{1,6});|&#(\d{1,7});|&(amp|lt|gt|quot|apos);/g
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const concatenations = /(["'`])\s*\+\s*["'`]/g
const dataAddresses = /data:[\w.+/-]*(?:;[\w.+=-]+)*?(;base64)?,([^"'`\s)<>\\]*)/g

function unescape(_: string, ...[braced, four, two, percent, hex, decimal, named]: readonly (string | undefined)[]): string {
  if (named !== undefined) return entities[named] as string
  const code = decimal === undefined ? Number.parseInt(braced ?? four ?? two ?? percent ?? hex ?? '20', 16) : Number(decimal)
  return code <= 0x10_ff_ff ? String.fromCodePoint(code) : ' '
}

function rewrite(view: View, pattern: RegExp, replace: (...match: string[]) => string): View {
  const starts: number[] = [0]
  const shifts: number[] = [0]
  let shift = 0
  const text = view.text.replace(pattern, (...match: unknown[]) => {
    const whole = match[0] as string
    const offset = match.find((part) => typeof part === 'number') as number
    const put = replace(...(match as string[]))
    starts.push(offset - shift + put.length)
    shift += whole.length - put.length
    shifts.push(shift)
    return put
  })
  return { text, origin: (index) => view.origin(index + (shifts[starts.findLastIndex((start) => start <= index)] ?? 0)) }
}

function dataIn(text: string): View[] {
  return [...text.matchAll(dataAddresses)].flatMap(({ 1: base64, 2: data = '', index }) =>
    readingsOf(base64 === undefined ? Buffer.from(decodePercent(data), 'latin1') : Buffer.from(data, 'base64')).map((text) => ({
      text,
      origin: () => index,
    })),
  )
}

const base64 = /[\w+/-]{15,}/g
/** What a key is made of, at its shortest. */
const printable = /[!-~]{8}/

/** The content of everything that may be base64: of a file that is part of the code, or of `atob("…")`. */
function base64In(text: string): View[] {
  return [...text.matchAll(base64)].flatMap(({ 0: data, index }) => {
    const bytes = Buffer.from(data, 'base64')
    return printable.test(bytes.toString('latin1')) ? readingsOf(bytes).map((text) => ({ text, origin: () => index })) : []
  })
}

/** Without backslashes, a text is the same however many literals it is written in. */
export function withoutBackslashes(text: string): string {
  return text.replaceAll('\\', '')
}

/** Bytes as texts: each byte as one character, which suits every key; and as UTF-8, if that differs. */
export function readingsOf(bytes: Uint8Array): string[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return isAscii(buffer) ? [buffer.toString('latin1')] : [buffer.toString('latin1'), buffer.toString('utf8')]
}

const wide = /(?:[\t\n\r -~]\0){7,}[\t\n\r -~]?/g

/** Texts in UTF-16, in either order of bytes. */
function wideIn(text: string): View[] {
  return [...text.matchAll(wide)].map(({ 0: run, index }) => ({ text: run.replaceAll('\0', ''), origin: () => index }))
}

function decodePercent(data: string): string {
  return data.replaceAll(/%([0-9a-fA-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}
