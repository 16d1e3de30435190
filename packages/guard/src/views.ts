/** A text as it is, or as a program would decode it. */
export interface View {
  readonly text: string
  /** The position in the original text that a position in this text comes from. */
  origin(index: number): number
}

/**
 * All readings of a text: as it is; with its escapes decoded, also those of URLs; with its concatenated literals
 * joined, which a minifier may do later; and the content of its `data:` URLs.
 */
export function viewsOf(text: string): View[] {
  const plain: View = { text, origin: (index) => index }
  const unescaped = rewrite(plain, escapes, unescape)
  const joined = rewrite(unescaped, concatenations, () => '')
  return [plain, unescaped, joined, ...dataIn(text)].filter(({ text }, index, all) => all.findIndex((one) => one.text === text) === index)
}

const escapes = /\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|[nrtbfv])|%([0-9a-fA-F]{2})/g
const concatenations = /(["'`])\s*\+\s*["'`]/g
const dataAddresses = /data:[\w.+/-]*(?:;[\w.+=-]+)*?(;base64)?,([^"'`\s)<>\\]*)/g

function unescape(_: string, ...[braced, four, two, percent]: readonly (string | undefined)[]): string {
  const code = Number.parseInt(braced ?? four ?? two ?? percent ?? '20', 16)
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
  return [...text.matchAll(dataAddresses)].map(({ 1: base64, 2: data = '', index }) => ({
    text: base64 === undefined ? decodePercent(data) : Buffer.from(data, 'base64').toString('latin1'),
    origin: () => index,
  }))
}

function decodePercent(data: string): string {
  return data.replaceAll(/%([0-9a-fA-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}
