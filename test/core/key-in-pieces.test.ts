import { randomBytes } from 'node:crypto'
import { KeySearch } from '@postern/core'
import { describe, expect, test } from 'vitest'
import { LeakSearch } from '../../packages/core/dist/forward/leak/leak-search.js'

type Spell = (text: string) => string

const each = (text: string, spell: Spell): string => Array.from(text, spell).join('')
const hexOf = (character: string): string => character.charCodeAt(0).toString(16).padStart(2, '0')

/** Every form that a whole text is searched for. */
const forms: Readonly<Record<string, Spell>> = {
  'as it is': (secret) => secret,
  hexadecimal: (secret) => Buffer.from(secret).toString('hex'),
  'upper hexadecimal': (secret) => Buffer.from(secret).toString('hex').toUpperCase(),
  base64: (secret) => Buffer.from(secret).toString('base64'),
  base64url: (secret) => Buffer.from(secret).toString('base64url'),
}

const escapes: Spell = (text) => each(text, (character) => `\\u00${hexOf(character)}`)
const percents: Spell = (text) => each(text, (character) => `%${hexOf(character).toUpperCase()}`)

/** Every layer and every two of them that are taken back. */
const layers: Readonly<Record<string, Spell>> = {
  'in the open': (text) => text,
  'behind escapes': escapes,
  'behind percent signs': percents,
  'behind escapes that are quoted': (text) => escapes(text).replaceAll('\\', '\\\\'),
  'behind escapes of escapes': (text) => escapes(escapes(text)),
  'behind escapes of percent signs': (text) => escapes(percents(text)),
  'behind percent signs of escapes': (text) => percents(escapes(text)),
  'behind percent signs of percent signs': (text) => percents(percents(text)),
  'behind percent signs of only the percent signs': (text) => percents(text).replaceAll('%', '%25'),
  'behind escapes here and there': (text) =>
    Array.from(text, (character, index) => (index % 5 === 1 ? escapes(character) : character)).join(''),
}

const lengths = [20, 51, 164, 200]
const secretOf = (length: number): string => `sk-${randomBytes(length).toString('base64url')}`.slice(0, length)

/** What leaves of a text in pieces of which the first has `first` bytes, and each other `size`; and whose key was found. */
function pass(search: LeakSearch, text: Buffer, first: number, size: number): { readonly out: number; readonly found: string | undefined } {
  const guard = search.guard()
  let out = 0
  for (let at = 0, end = first; at < text.length; at = end, end += size) {
    const passed = guard.pass(text.subarray(at, end))
    if (passed === undefined) return { out, found: guard.found }
    out += passed.length
  }
  return { out: out + guard.rest().length, found: undefined }
}

describe.each(Object.keys(layers))('a key in pieces is found wherever it is found in the whole, and none of it goes out: %s', (layer) => {
  test.each(Object.keys(forms))('%s', (form) => {
    const spell = forms[form] as Spell
    const wrap = layers[layer] as Spell
    for (const length of lengths) {
      const [own, other] = [secretOf(length), secretOf(length)]
      const keys = new KeySearch()
      keys.add('own', own)
      keys.add('other', other)
      const search = new LeakSearch(keys, 'own', () => [own])
      for (const [name, secret] of [
        ['own', own],
        ['other', other],
      ] as const) {
        const before = wrap('so ')
        const text = Buffer.from(`${before}${wrap(spell(secret))}${wrap(' ends')} and more`)
        expect(search.find(text), `${length}, ${name}`).toBe(name)
        // Of another's less goes out than one of its windows has.
        const most = before.length + (name === 'own' ? 0 : wrap(spell(secret).slice(0, form.includes('hexa') ? 24 : 12)).length)
        const expectHeld = (first: number, size: number): void => {
          const { out, found } = pass(search, text, first, size)
          if (found !== name || out > most) expect.fail(`${length}, ${name}: ${out} of ${most} bytes with ${first} and then ${size}`)
        }
        for (const size of text.length < 3000 ? [1, 5, 6, 7] : [7, 250]) expectHeld(size, size)
        // Of long texts one cut in some, at each place of an escape all the same.
        const step = [1, 7, 37, 101].find((each) => text.length / each < 60) ?? 101
        for (let first = 1; first < text.length; first += step) expectHeld(first, text.length)
      }
    }
  })
})

describe('a key in pieces', () => {
  const own = secretOf(51)
  const keys = new KeySearch()
  keys.add('own', own)
  const search = new LeakSearch(keys, 'own', () => [own])

  test('is found behind any number of characters of keys and marks, as in the whole', () => {
    for (const filler of ['a', '\\', '\\\\', '%', '%2', '%25', '\\u0061', '\\u005c', '\\%', '/+-_'])
      for (const times of [1, 2, 3, 150])
        for (const layer of Object.values(layers).slice(1, 4)) {
          const text = Buffer.from(`${filler.repeat(times)}${layer(forms['hexadecimal']?.(own) ?? '')}.`)
          for (const size of [7, 1000]) expect(pass(search, text, size, size).found, `${filler} × ${times}`).toBe(search.find(text))
        }
  })

  test('is waited for no longer than its beginning is there: other text leaves as it comes', () => {
    for (const unit of [
      'and so on ',
      'YWJjZGVm',
      '0123456789abcdef',
      'ä你',
      '\\u4f60',
      '\\n\\"',
      '50% off ',
      '%20%41',
      '\\\\u4f60',
      '%255c',
    ]) {
      const guard = search.guard()
      const text = Buffer.from(unit.repeat(100))
      let come = 0
      let out = 0
      for (let at = 0; at < text.length; at += 1) {
        come += 1
        out += (guard.pass(text.subarray(at, at + 1)) as Buffer).length
        // A cut escape is waited for, and up to two characters that a form of a key begins with.
        expect(come - out, unit).toBeLessThan(unit.includes('\\') || unit.includes('%') ? 24 : 5)
      }
    }
  })
})
