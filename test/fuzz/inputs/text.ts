import type { Choices } from '../choices.js'
import { plantedShape } from '../stand/key-forms.js'
import { run, utf8 } from './bytes.js'

const words = ['acme', 'a', 'ada', 'x', '', 'openai', '0', '-', '_', 'auto', '__proto__', 'constructor', 'null', plantedShape]
const oddWords = [
  'a b',
  ' a',
  'a ',
  'a\u00a0',
  '\u00e9',
  'e\u0301',
  '\u202eabc',
  '\u200b',
  '\u0000',
  'a\nb',
  '\u007f',
  '\ud800',
  '\ufffd',
  '\ufeffa',
  '😀',
  'K',
  'ſ',
  'a.b',
  'a,b',
  'a=b',
  '%',
  '%zz',
  '*',
  '**a*',
  '../..',
  '\\',
]

/** A word that means something, or one that is odd, or one of any characters. */
export function word(choices: Choices): string {
  switch (choices.below(5)) {
    case 0:
    case 1:
      return choices.pick(words)
    case 2:
      return choices.pick(oddWords)
    case 3:
      return anyText(choices, 12)
    default:
      return choices.oneIn(20) ? run(choices, 3000) : choices.pick(words) + choices.pick(oddWords)
  }
}

export function anyText(choices: Choices, most: number): string {
  return Array.from({ length: choices.below(most) }, () =>
    choices.oneIn(4) ? String.fromCodePoint(choices.below(0x2_00ff)) : String.fromCharCode(0x20 + choices.below(0x5f)),
  ).join('')
}

/** Words as bytes, of which some are no UTF-8. */
export function wordBytes(choices: Choices): string {
  return choices.oneIn(6)
    ? choices.pick(['\xff', '\xc0\xaf', 'ada\xe9', '\xed\xa0\x80', '\xf8\x88\x80\x80\x80', '\xc3'])
    : utf8(word(choices))
}

/** A text of few letters and many stars: what patterns are made of. */
export function pattern(choices: Choices, most = 24): string {
  return Array.from({ length: choices.below(most) }, () => choices.pick(['a', '*', 'b', 'a', '*', '/'])).join('')
}
