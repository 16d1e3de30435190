import { randomBytes } from 'node:crypto'
import { KeySearch } from '@postern/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LeakSearch } from '../../packages/core/dist/forward/leak/leak-search.js'
import { leastCpuMs } from '../support/cpu-time.js'
import { dresses } from '../support/dresses.js'

function load(keys: Readonly<Record<string, string>>): KeySearch {
  const search = new KeySearch()
  for (const [name, secret] of Object.entries(keys)) search.add(name, secret)
  return search
}

const found = (search: KeySearch, text: string): readonly string[] => search.find(Buffer.from(text))?.names ?? []

describe('the search for keys', () => {
  test('finds a key that was added, under the name that it has', () => {
    const keys = { a: `jt_${randomBytes(32).toString('base64url')}`, b: `sk-ony-${randomBytes(24).toString('hex')}` }
    const search = load(keys)
    for (const [name, secret] of Object.entries(keys)) expect(found(search, `see ${secret}.`)).toEqual([name])
  })

  test('finds none that was removed, and the others still', () => {
    const keys = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, `jt_${randomBytes(20).toString('hex')}`]))
    const search = load(keys)
    for (const [name, secret] of Object.entries(keys).slice(0, 250)) search.remove(name, secret)
    search.add('k0', keys['k0'] as string)
    for (const [index, [name, secret]] of Object.entries(keys).entries())
      expect(found(search, secret), name).toEqual(index === 0 || index >= 250 ? [name] : [])
  })

  test('knows all who share a key, until the last is removed', () => {
    const secret = 'jt_shared_by_two_of_them'
    const search = load({ a: secret, b: secret })
    expect(found(search, secret)).toEqual(['a', 'b'])
    search.remove('a', secret)
    expect(found(search, secret)).toEqual(['b'])
    search.remove('b', secret)
    expect(found(search, secret)).toEqual([])
  })

  test('tells keys apart that begin alike, or that hold each other', () => {
    const keys: Record<string, string> = { long: 'acme-production-key-0001-and-more', short: 'production-key' }
    for (let index = 0; index < 3000; index += 1) keys[`k${index}`] = `acme-production-key-${String(index).padStart(6, '0')}`
    const search = load(keys)
    for (let index = 0; index < 3000; index += 100)
      expect(found(search, ` ${keys[`k${index}`] ?? ''} `).length, String(index)).toBeGreaterThan(0)
    expect(found(search, 'acme-production-ke')).toEqual([])
    expect(found(search, 'a production-key of theirs')).toEqual(['short'])
  })

  test('takes a few times as long among thousands of keys that begin alike as between two, not a thousand times', async () => {
    const beginning = 'the-same-beginning-of-all-keys-'
    const text = Buffer.from(`${beginning} `.repeat(30_000))
    const msAmong = (count: number): Promise<number> => {
      const search = load(Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, `${beginning}${10_000 + index}`])))
      return leastCpuMs(() => expect(search.find(text)).toBeUndefined())
    }
    await msAmong(2)
    expect(await msAmong(2000)).toBeLessThan(30 * Math.max(await msAmong(2), 1))
  })

  test.each([
    'with"quotes"and\\backslashes',
    'with/slashes/and+signs=',
    'with%41percents%25',
    'with.dots.and:colons{}',
    'a'.repeat(4000),
    '\\u006a\\u0074_looks_escaped',
  ])('finds a key of any characters that a header can carry: %s', (secret) => {
    const search = load({ odd: secret })
    expect(found(search, `x ${secret} y`)).toEqual(['odd'])
    expect(found(search, JSON.stringify({ a: { b: JSON.stringify({ secret }) } }))).toEqual(['odd'])
    expect(found(search, `?a=${encodeURIComponent(secret)}&b`)).toEqual(['odd'])
    for (const dress of dresses) expect(found(search, `<${(dress.whole ?? dress.of)(secret)}>`), dress.name).toEqual(['odd'])
  })

  test('finds one that is quoted with escaped slashes in base64, as some frameworks write it', () => {
    const secret = `sk-${'?>?>?>'.repeat(6)}`
    expect(Buffer.from(secret).toString('base64')).toMatch(/[+/]/)
    expect(found(load({ a: secret }), `{"a":"${Buffer.from(secret).toString('base64').replaceAll('/', '\\/')}"}`)).toEqual(['a'])
  })
})

describe('the search through an answer', () => {
  const own = `jt_${randomBytes(32).toString('base64url')}`
  const other = `jt_${randomBytes(32).toString('base64url')}`
  const makeSearch = () => new LeakSearch(load({ own, other }), 'own', () => [own])

  test('finds a short key of the call’s own, and lets another’s pass, which ordinary text may hold', () => {
    const short = 'jt_ab12cd'
    const keys = load({ mine: short, yours: 'the key' })
    const mine = new LeakSearch(keys, 'mine', () => [short])
    for (const dress of dresses) {
      const guard = mine.guard()
      const text = Buffer.from(`see ${(dress.whole ?? dress.of)(short)} there`)
      expect(mine.find(text), dress.name).toBe('mine')
      expect(Array.from(text, (byte) => guard.pass(Buffer.of(byte))).includes(undefined), dress.name).toBe(true)
    }
    expect(mine.find(Buffer.from('the key'))).toBeUndefined()
  })

  test('holds back what may be the beginning of its own key, and nothing of other text', () => {
    const guard = makeSearch().guard()
    expect(guard.pass(Buffer.from('music '))?.toString()).toBe('music ')
    expect(guard.pass(Buffer.from(own.slice(0, 5)))?.toString()).toBe('')
    expect(guard.pass(Buffer.from('!'))?.toString()).toBe(`${own.slice(0, 5)}!`)
    expect(guard.pass(Buffer.from(`an ${own.slice(0, 9)}`))?.toString()).toBe('an ')
    expect(guard.rest().toString()).toBe(own.slice(0, 9))
  })

  test('lets pass what is no key, byte for byte, however it is cut, and no key however it is dressed and cut', () => {
    const search = makeSearch()
    const dress = fc.constantFrom(...dresses)
    const filler = fc.stringMatching(/^[a-zA-Z0-9_%\\/+ "=-]{0,40}$/)
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(filler, dress, filler, sizes, fc.constantFrom('own', 'other', 'none'), (before, { of, whole }, after, cuts, whose) => {
        const secret = whose === 'own' ? own : whose === 'other' ? other : `${own.slice(0, -1)}.`
        // A character before a secret may be one of its escape's or its base64's own.
        const text = Buffer.from(`${before} ${(whole ?? of)(secret)} ${after}`)
        const guard = search.guard()
        let out = ''
        let cut = false
        for (let at = 0, index = 0; at < text.length && !cut; index += 1) {
          const end = at + (cuts[index % cuts.length] as number)
          const passed = guard.pass(text.subarray(at, end))
          cut = passed === undefined
          out += passed?.toString('latin1') ?? ''
          at = end
        }
        if (!cut) out += guard.rest().toString('latin1')
        if (whose === 'none') return !cut && out === text.toString('latin1')
        return cut && guard.found === whose && !out.includes(of(secret.slice(0, whose === 'own' ? 6 : 22)).slice(0, -1))
      }),
      { numRuns: 3000 },
    )
  })
})
