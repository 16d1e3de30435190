import type { Choices } from '../choices.js'

/** Bytes are texts here, one character each, until they are sent. */
export function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

/** UTF-8 as such a text. */
export function utf8(text: string): string {
  return Buffer.from(text).toString('latin1')
}

/** What parsers trip over. */
const telling = [
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  '\n\n',
  '\0',
  '\x7f',
  '\x80',
  '\xff',
  '\x0b',
  '\t',
  ' ',
  ':',
  ',',
  ';',
  '"',
  '\\',
  '/',
  '%00',
  '%0d%0a',
  '\xef\xbb\xbf',
  '\xc2\xa0',
  '\xe2\x80\xae',
  '0',
  '-1',
  '99999999999999999999',
  'chunked',
  'Content-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Host: other\r\n',
]

/** Changes a text at a few places as no grammar would. */
export function mutate(choices: Choices, text: string): string {
  let mutated = text
  for (let times = choices.between(1, 3); times > 0; times -= 1) {
    const at = choices.below(mutated.length + 1)
    const length = choices.oneIn(4) ? choices.below(Math.max(1, mutated.length - at)) : choices.between(1, 8)
    const before = mutated.slice(0, at)
    const after = mutated.slice(at)
    switch (choices.below(7)) {
      case 0:
        mutated = before + choices.pick(telling) + after
        break
      case 1:
        mutated = before + after.slice(length)
        break
      case 2:
        mutated = before + String.fromCharCode(choices.below(256)) + after.slice(1)
        break
      case 3:
        mutated = before + after.slice(0, length) + after
        break
      case 4:
        mutated = before + run(choices, 2000) + after
        break
      case 5:
        mutated = before + String.fromCharCode((after.charCodeAt(0) || 0) ^ (1 << choices.below(8))) + after.slice(1)
        break
      default:
        mutated = before + choices.pick(telling) + after.slice(length)
    }
  }
  return mutated
}

const runners = [' ', 'a', ',', '\t', ';', '=', '"', '%', '/', '.', '\\', ', ', '; ', 'a,', '\x80', '%2e']

/** One thing many times over: what a scan that is not linear needs. */
export function run(choices: Choices, most: number, units: readonly string[] = runners): string {
  const unit = choices.pick(units)
  const longest = Math.floor(most / unit.length)
  return unit.repeat(choices.oneIn(2) ? longest - choices.below(Math.max(1, longest >> 3)) : choices.below(longest))
}

/** A text cut into pieces, as a network may deliver it. */
export function cutUp(choices: Choices, text: string, most = 6): Buffer[] {
  const way = choices.below(8)
  if (way < 4 || text.length < 2) return [bytesOf(text)]
  if (way === 7 && text.length <= 400) {
    const size = choices.between(1, 3)
    return Array.from({ length: Math.ceil(text.length / size) }, (_, index) => bytesOf(text.slice(index * size, index * size + size)))
  }
  const cuts = Array.from({ length: choices.between(1, most) }, () => choices.between(1, text.length - 1)).toSorted((a, b) => a - b)
  return [0, ...cuts].map((start, index) => bytesOf(text.slice(start, cuts[index]))).filter(({ length }) => length > 0)
}

/** For a person to read: the bytes as a text, with what is unprintable escaped and what is long cut. */
export function show(pieces: readonly Buffer[]): string {
  const text = pieces.map((piece) => JSON.stringify(piece.toString('latin1'))).join('\n  + ')
  const short = text.replaceAll(/(.{1,8}?)\1{20,}/g, (whole, unit: string) => `${unit}{×${whole.length / unit.length}}`)
  return short.length <= 3000 ? short : `${short.slice(0, 2000)} … ${short.slice(-900)}`
}
