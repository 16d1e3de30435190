import { describe, expect, test } from 'vitest'
import { keyForms, longestForm } from '../../packages/core/src/forward/leak/key-forms.js'
import { KeySearch } from '../../packages/core/src/forward/leak/key-search.js'
import type { OpenKey } from '../../packages/core/src/forward/leak/searched-key.js'
import { marks } from '../../packages/core/src/forward/leak/escape-readings.js'
import { unescape } from '../../packages/core/src/forward/leak/unescape.js'
import { bytesOf, hexOf, loadKeys } from '../support/loaded-keys.js'

const [backslash = 0, percent = 0] = marks

describe('the escapes of a text', () => {
  const decode = (text: string, mark: number, start = 0, end = text.length, isLoose = false) => {
    const { bytes, from, cutAt } = unescape(Buffer.from(text, 'latin1'), start, end, { mark, isLoose })
    return { text: bytes.toString('latin1'), from: [...from.subarray(0, bytes.length)], cutAt }
  }

  test.each<[text: string, decoded: string, from: readonly number[], cutAt: number]>([
    ['ab', 'ab', [0, 1], 2],
    ['\\u0041b', 'Ab', [0, 6], 7],
    ['\\\\u0041b', 'Ab', [0, 7], 8],
    ['\\\\\\\\u0041b', 'Ab', [0, 9], 10],
    [`${'\\'.repeat(6)}u0041`, '\\\\A', [0, 1, 2], 11],
    ['\\\\nb', '\\nb', [0, 2, 3], 4],
    ['\\\\u00zzb', '\\u00zzb', [0, 2, 3, 4, 5, 6, 7], 8],
    ['a\\\\u004', 'a', [0], 1],
    ['a\\\\', 'a', [0], 1],
    [`a${'\\'.repeat(6)}`, 'a\\\\', [0, 1, 2], 3],
  ])('are read loosely too, with what stands in front of a backslash: %j', (text, decoded, from, cutAt) => {
    expect(decode(text, backslash, 0, text.length, true)).toEqual({ text: decoded, from, cutAt })
  })

  test('are those of JSON and of URLs', () => {
    expect([backslash, percent]).toEqual([0x5c, 0x25])
  })

  test.each([
    ['ab', 'ab', [0, 1], 2],
    ['a\\u0041b', 'aAb', [0, 1, 7], 8],
    ['\\u006A\\u006a', 'jj', [0, 6], 12],
    ['\\/\\"\\\\', '/"\\', [0, 2, 4], 6],
    ['\\n\\b\\x', '\0\0\0', [0, 2, 4], 6],
    ['\\u00e4\\u0080\\u007f', '\0\0\x7f', [0, 6, 12], 18],
    ['\\u00g1a', '\\u00g1a', [0, 1, 2, 3, 4, 5, 6], 7],
    ['\\ua00b', '\0', [0], 6],
    ['%41', '%41', [0, 1, 2], 3],
    ['a\\', 'a', [0], 1],
    ['a\\u004', 'a', [0], 1],
    ['a\\u', 'a', [0], 1],
  ])('of JSON: %j is %j', (written, text, from, cutAt) => {
    expect(decode(written, backslash)).toEqual({ text, from, cutAt })
  })

  test.each([
    ['a%41b', 'aAb', [0, 1, 4], 5],
    ['%6a%6A', 'jj', [0, 3], 6],
    ['%2f%25', '/%', [0, 3], 6],
    ['%c3%7f%80', '\0\x7f\0', [0, 3, 6], 9],
    ['%g1%1g%', '%g1%1g', [0, 1, 2, 3, 4, 5], 6],
    ['50% off', '50% off', [0, 1, 2, 3, 4, 5, 6], 7],
    ['\\u0041', '\\u0041', [0, 1, 2, 3, 4, 5], 6],
    ['a%4', 'a', [0], 1],
    ['a%', 'a', [0], 1],
  ])('of URLs: %j is %j', (written, text, from, cutAt) => {
    expect(decode(written, percent)).toEqual({ text, from, cutAt })
  })

  test('are decoded between two positions alone', () => {
    expect(decode('%41%42%43', percent, 3, 6)).toEqual({ text: 'B', from: [3], cutAt: 6 })
    expect(decode('%41%42%43', percent, 3, 8)).toEqual({ text: 'B', from: [3], cutAt: 6 })
  })
})

describe('the forms of a secret', () => {
  const spellings = (secret: string): readonly string[] => keyForms.map(({ spell }) => spell(secret))

  test('are the secret itself, base64 at each offset, and hexadecimal', () => {
    expect(spellings('abcdef')).toEqual(['abcdef', 'YWJjZGVm', 'FiY2RlZ', 'hYmNkZW', '616263646566'])
    expect(spellings('\xff?>')).toEqual(['\xff?>', '_z8-', '8_P', '_Pz', 'ff3f3e'])
    expect([longestForm('abcdef'), longestForm('')]).toEqual([12, 0])
  })

  test('stand in a longer text with base64 at any offset', () => {
    const secret = 'sk-a secret of some length?>'
    for (const before of ['', 'x', 'xy', 'xyz', 'xyzw'])
      for (const after of ['', 'x', 'xy', 'xyz']) {
        const whole = Buffer.from(`${before}${secret}${after}`).toString('base64url')
        const [, ...inBase64] = spellings(secret)
        expect(whole).toContain(inBase64[before.length % 3])
      }
  })

  test('take either alphabet of base64 and either case of hexadecimal as one, and other characters as they are', () => {
    const [plain, base64, , , hex] = keyForms.map(
      ({ reading }) =>
        (text: string) =>
          String.fromCharCode(...Buffer.from(text, 'latin1').map((byte) => reading[byte] as number)),
    )
    expect(plain?.('aA+/-_\xff')).toBe('aA+/-_\xff')
    expect(base64?.('aA+/-_.,0=')).toBe('aA-_-_.,0=')
    expect(hex?.('09AFGaf@Z')).toBe('09afGaf@Z')
    expect(keyForms.map((form) => form.hex)).toEqual([false, false, false, false, true])
  })
})

const namesIn = (search: KeySearch, text: string, start?: number, end?: number): readonly string[] =>
  search.find(bytesOf(text), start, end)?.names ?? []

describe('the search for a key', () => {
  const secret = 'Zk3q-9dLw_7Tb+2x/Y0'
  const loaded = () => loadKeys({ a: secret })

  test('finds it alone, at the beginning, in the middle and at the end of any text', () => {
    for (const before of ['', ' ', 'x', 'a long text before it: ', 'A'.repeat(40), '.'.repeat(11), '.'.repeat(12), '.'.repeat(13)])
      for (const after of ['', ' ', 'x', ', and more', 'A'.repeat(40)])
        for (const form of [secret, hexOf(secret), hexOf(secret).toUpperCase()])
          expect([`${before}${form}${after}`, namesIn(loaded(), `${before}${form}${after}`)]).toEqual([`${before}${form}${after}`, ['a']])
  })

  test('finds none of which a character is another, or the last one is missing', () => {
    for (let at = 0; at < secret.length; at += 1) {
      const other = `${secret.slice(0, at)}!${secret.slice(at + 1)}`
      for (const text of [other, hexOf(other)]) expect([text, namesIn(loaded(), text)]).toEqual([text, []])
    }
    for (const text of [secret.slice(0, -1), secret.slice(1), hexOf(secret).slice(0, -1), hexOf(secret).slice(1)])
      expect(namesIn(loaded(), text)).toEqual([])
  })

  test('looks between two positions alone', () => {
    const text = `..${secret}..${secret}..`
    const end = 2 + secret.length
    expect(namesIn(loaded(), text, 2, end)).toEqual(['a'])
    for (const [from, to] of [
      [3, end],
      [2, end - 1],
      [3, 2 * end - 1],
    ] as const)
      expect(namesIn(loaded(), text, from, to)).toEqual([])
    expect(namesIn(loaded(), text, 3, 2 * end)).toEqual(['a'])
  })

  test('knows secrets of 12 characters and more', () => {
    const keys = loadKeys({ short: 'abcdefghijk', long: 'mnopqrstuvwx' })
    expect([namesIn(keys, 'abcdefghijk'), namesIn(keys, 'mnopqrstuvwx')]).toEqual([[], ['long']])
    expect([namesIn(keys, hexOf('abcdefghijk')), namesIn(keys, hexOf('mnopqrstuvwx'))]).toEqual([[], ['long']])
  })

  test('does not know a secret of 11 characters in base64 either, which is longer', () => {
    const inBase64 = bytesOf('abcdefghijk').toString('base64url')
    expect(namesIn(loadKeys({ short: 'abcdefghijk' }), `${inBase64} ${inBase64}`)).toEqual([])
  })

  test('finds a key of 12 characters at any place, and none that the end of the range cuts off', () => {
    const short = 'mnopqrstuvwx'
    const keys = loadKeys({ short })
    for (let dots = 0; dots < 30; dots += 1) {
      const text = `${'.'.repeat(dots)}${short}.`
      expect([dots, namesIn(keys, text)]).toEqual([dots, ['short']])
      expect([dots, namesIn(keys, text, 0, dots + 11)]).toEqual([dots, []])
      expect([dots, namesIn(keys, text, dots + 1)]).toEqual([dots, []])
    }
    keys.remove('short', short)
    expect([keys.find(bytesOf(short)), keys.find(bytesOf(hexOf(short)))]).toEqual([undefined, undefined])
  })

  test('compares 1,024 characters of a longer secret', () => {
    const long = Array.from({ length: 2000 }, (_, index) => String.fromCharCode(0x61 + ((index * index) % 26))).join('')
    const keys = loadKeys({ long })
    expect([namesIn(keys, long), namesIn(keys, long.slice(0, 1024)), namesIn(keys, long.slice(0, 1023))]).toEqual([['long'], ['long'], []])
    expect(keys.reach).toBe(2048)
    keys.remove('long', long)
    expect(namesIn(keys, long)).toEqual([])
  })

  test('reaches as far as the longest form of any secret, also of one that it does not look for', () => {
    expect([new KeySearch().reach, loadKeys({ a: secret }).reach, loadKeys({ a: 'abc' }).reach]).toEqual([0, 2 * secret.length, 6])
    expect(loadKeys({ a: secret, b: 'a longer secret than that' }).reach).toBe(50)
    expect(loadKeys({ b: 'a longer secret than that', a: secret }).reach).toBe(50)
  })

  test('knows all names of a secret, each once, until the last is removed as often as it was added', () => {
    const keys = loadKeys({ a: secret, b: secret })
    keys.add('a', secret)
    expect(namesIn(keys, secret)).toEqual(['a', 'b'])
    keys.remove('nobody', secret)
    keys.remove('a', 'another secret of the same name')
    expect(namesIn(keys, secret)).toEqual(['a', 'b'])
    keys.remove('a', secret)
    keys.remove('b', secret)
    expect(namesIn(keys, hexOf(secret))).toEqual(['a'])
    keys.remove('a', secret)
    expect([keys.find(bytesOf(secret)), keys.find(bytesOf(hexOf(secret)))]).toEqual([undefined, undefined])
    keys.add('c', secret)
    expect(namesIn(keys, hexOf(secret))).toEqual(['c'])
  })

  test('finds each of several keys that begin alike, in each form', () => {
    const alike = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [`k${index}`, `the-same-beginning-of-all-${String(index).padStart(4, '0')}`]),
    )
    const keys = loadKeys(alike)
    for (const [name, each] of Object.entries(alike))
      for (const form of [each, hexOf(each), bytesOf(each).toString('base64')]) expect([name, namesIn(keys, form)]).toEqual([name, [name]])
    for (const [name, each] of Object.entries(alike).slice(0, 20)) keys.remove(name, each)
    for (const [index, [name, each]] of Object.entries(alike).entries())
      expect([name, namesIn(keys, each)]).toEqual([name, index < 20 ? [] : [name]])
  })

  test('does not find a key that begins before the range, whichever of its characters it is known by', () => {
    const alike = Object.fromEntries(
      Array.from({ length: 5 }, (_, index) => [`k${index}`, `the-same-beginning-${index}-and-a-different-end`]),
    )
    const keys = loadKeys(alike)
    for (const each of Object.values(alike)) expect([each, namesIn(keys, each, 1)]).toEqual([each, []])
  })

  test('looks on behind escapes that hide no key', () => {
    const twice = secret.replace('Z', '%255a')
    for (const text of [
      `aaaaaaaaaaaa%41aaaa ${secret}`,
      `aaaaaaaaaaaa\\u0041 ${hexOf(secret)}`,
      `aaaa\\/aaaaaaaa${twice}`,
      `aaaa%2faaaaaaaa${secret.replace('/', '\\/')}`,
    ])
      expect([text, namesIn(loaded(), text)]).toEqual([text, ['a']])
  })

  test('decodes two layers of escapes, of either kind, and not a third', () => {
    const once = (text: string): string => `%${hexOf(text[0] ?? '')}${text.slice(1)}`
    const quoted = (text: string): string => JSON.stringify(text).slice(1, -1)
    const slashed = (text: string): string => text.replaceAll('/', '\\/')
    for (const text of [once(secret), once(once(secret)), slashed(secret), quoted(slashed(secret)), slashed(once(secret))])
      expect([text, namesIn(loaded(), text)]).toEqual([text, ['a']])
    for (const text of [once(once(once(secret))), quoted(quoted(slashed(secret)))])
      expect([text, namesIn(loaded(), text)]).toEqual([text, []])
    const unescaped = (text: string): readonly string[] | undefined => loaded().findFrom(bytesOf(text), 0, [])?.names
    expect([unescaped(secret), unescaped(hexOf(secret))]).toEqual([['a'], ['a']])
    for (const text of [once(secret), slashed(secret)]) expect(unescaped(text)).toBeUndefined()
  })

  test('takes the characters of base64, of escapes and of every secret for key characters, and no others', () => {
    const isKey = (text: string, keys = new KeySearch()): boolean[] => [...bytesOf(text)].map((byte) => keys.isKeyCharacter(byte))
    const of = 'ABCXYZabcxyz0189+/-_\\%'
    expect(isKey(of)).toEqual(Array.from(of, () => true))
    const not = ' .,:;"\'{}[]()<>=!?@#$&*|~^`\n\0\xe4'
    expect(isKey(not)).toEqual(Array.from(not, () => false))
    expect(isKey('.: ', loadKeys({ a: 'a.b:c' }))).toEqual([true, true, false])
  })

  test('says where a key begins that the end of a text cuts off', () => {
    const open = (text: string, start = 0): number => {
      const keys: OpenKey[] = []
      loaded().findFrom(bytesOf(text), start, keys)
      return Math.min(text.length, ...keys.map(({ from }) => from))
    }
    for (const before of ['', 'x ', 'some text before it. ']) {
      expect(open(`${before}${secret.slice(0, 12)}`)).toBe(before.length)
      expect(open(`${before}${secret.slice(0, -1)}`)).toBe(before.length)
      expect(open(`${before}${hexOf(secret).slice(0, 24)}`)).toBe(before.length)
      expect(open(`${before}${hexOf(secret).slice(0, -1)}`)).toBe(before.length)
      for (const whole of [secret, secret.slice(0, 11), secret.slice(1, -1), hexOf(secret).slice(0, 23), `${secret.slice(0, 15)} `, ''])
        expect([`${before}${whole}`, open(`${before}${whole}`)]).toEqual([`${before}${whole}`, before.length + whole.length])
    }
    expect(open(`${'A'.repeat(100)}${secret.slice(0, 14)}`)).toBe(100)
    // Only windows that end at the position or behind it are looked at.
    expect([open(secret.slice(0, 12), 11), open(secret.slice(0, 13), 12)]).toEqual([0, 13])
  })
})
