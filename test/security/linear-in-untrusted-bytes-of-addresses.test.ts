import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createEndpointTable, normalizeWide } from '@postern/gateways'
import { describe, expect, test } from 'vitest'
import { isIdOrRelative, isStoredAddress, namesStoredFile } from '../../packages/core/src/objects/stored-address.js'
import { decodePath } from '../../packages/core/src/resolve/decode-path.js'
import { expectLinear } from '../support/cpu-time.js'

/** What a text may repeat without an end. */
const units: Readonly<Record<string, string>> = {
  letters: 'ab',
  'combining marks': '\u0315\u0300',
  'combining marks of many classes': '\u0345\u0300\u0f71\u0f39',
  'wide letters': '\uff41\uff42',
  ligatures: '\ufdfa',
  escapes: '%41%2e',
  'what is not seen': '\u200b\u2060',
  blanks: '  ',
  dots: '..',
  'at signs': 'a@',
  colons: '::',
}
/** So long that a cost which grows with its square takes seconds. */
const length = 50_000

describe('linear-in-untrusted-bytes: an address', () => {
  test.each(Object.entries(units))('whose host is %s without an end', async (_, unit) => {
    const text = (chars: number): string => `http://${unit.repeat(chars / unit.length)}`
    for (const mayBe of [true, false]) {
      await expectLinear((chars) => isStoredAddress(text(chars), mayBe), length)
      await expectLinear((chars) => isIdOrRelative(text(chars), mayBe), length)
    }
    await expectLinear((chars) => namesStoredFile(text(chars)), length)
  })

  test.each(Object.entries(units))('that begins with %s and has no scheme', async (_, unit) => {
    await expectLinear((chars) => isStoredAddress(unit.repeat(chars / unit.length), false), length)
  })

  const google = 'generativelanguage.googleapis.com/v1beta/files/abc'
  const disguised = google.replace('generative', '\uff47enerative').replace('.', '\u3002')

  test.each([
    ['nothing', ''],
    ['a user', 'user@'],
    ['a user without an end', `${'u'.repeat(100_000)}@`],
    ['a user of marks', `u${'\u0315\u0300'.repeat(5000)}@`],
    ['what is not seen', '\u200b'.repeat(100_000)],
  ])('of stored files is known behind %s, plain and in other letters', (_, before) => {
    for (const host of [google, disguised, google.replace('g', '%67')])
      expect([host, isStoredAddress(`https://${before}${host}`, false)]).toEqual([host, true])
  })

  test.each([
    ['soft hyphens', '\u00ad'],
    ['what has no width', '\u200b'],
    ['tabs', '\t'],
    ['line feeds', '\n'],
  ])('of stored files is known with any number of %s in its host', (_, unseen) => {
    for (const count of [1, 4090, 5000, 70_000, 200_001]) {
      for (const name of [google, disguised, google.replace('l', '\u{1d425}')]) {
        const address = `https://${name.slice(0, 10)}${unseen.repeat(count)}${name.slice(10)}`
        expect([name, count, isStoredAddress(address, false)]).toEqual([name, count, true])
      }
    }
  })

  test('of stored files is known wherever a letter of two units stands in a long one', () => {
    for (let more = 0; more < 6; more += 1) {
      const address = `https://generative\u{1d425}anguage${'\u200b'.repeat(64 * 1024 - 30 + more)}.googleapis.com/x`
      expect(isStoredAddress(address, false)).toBe(true)
    }
  })

  test.each([
    `https://example.com/${'a'.repeat(100_000)}`,
    `https://example.com/?x=${disguised}`,
    `http://${'a'.repeat(10_000)}.example.com/x`,
  ])('of the web stays one, however long it is', (address) => expect(isStoredAddress(address, false)).toBe(false))
})

describe('linear-in-untrusted-bytes: a path', () => {
  const table = createEndpointTable({})

  test.each([
    ['escaped blanks', '%20'],
    ['escaped tabs', '%20.%20'],
    ['escaped marks', '%CC%95%CC%80'],
    ['escaped slashes', '%2F%20'],
    ['dots', '.'],
    ['semicolons', ';'],
  ])('of %s without an end', async (_, unit) => {
    const path = (chars: number): string => `models/a%2F${unit.repeat(chars / unit.length)}`
    await expectLinear((chars) => decodePath(path(chars)), length)
    await expectLinear((chars) => table.holdsName(path(chars)), length)
  })

  test.each(['a/../b', 'a/ .. /b', 'a/..;x/b', 'a/%2e /b', 'a/ /b', 'a//b', 'a/\uff0e\uff0e/b', 'a/;/b', 'a/. ;'])(
    'that hides a segment of no name is refused: %s',
    (path) => expect(decodePath(encodeURI(path).replaceAll('%252e', '%2e'))).toBeUndefined(),
  )

  test.each(['a/b', 'a/..b', 'a/b..', 'a/ b', 'a/b ;c', 'a/.b', 'a/...'])('that hides none is read: %s', (path) => {
    expect(decodePath(encodeURI(path))).toBe(path)
  })
})

describe('linear-in-untrusted-bytes: normalisation', () => {
  test('is that of Unicode for every text that anybody writes', () => {
    for (const text of ['e\u0301\u0323', '\uff27\uff4f', 'Z\u0351\u036b\u0343\u036a\u0302', '\u1e9b\u0323', '\ufdfa', '한글', 'ǅ'])
      expect(normalizeWide(text)).toBe(text.normalize('NFKC'))
    expect(normalizeWide('a\u0323\u0301'.repeat(1000))).toBe('a\u0323\u0301'.repeat(1000).normalize('NFKC'))
  })

  test('is asked of Unicode only where the length of the text is bounded', () => {
    const root = resolve(import.meta.dirname, '../../packages')
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => /^[a-z]+\/src\/.*\.ts$/.test(file))
    const asking = files.filter((file) => readFileSync(join(root, file), 'utf8').includes('.normalize('))
    expect(asking.toSorted()).toEqual(['gateways/src/normalize-wide.ts', 'protocol/src/plain-name.ts'])
  })
})
