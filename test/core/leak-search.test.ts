import { describe, expect, test } from 'vitest'
import { LeakSearch } from '../../packages/core/src/forward/leak/leak-search.js'
import { bytesOf, hexOf, loadKeys } from '../support/loaded-keys.js'

const unescaped = (search: LeakSearch, text: string) => search.pursue(false).read({ bytes: bytesOf(text), from: 0 })

describe('the search through the answers to one call', () => {
  const [own, other] = ['of-the-call-itself-0', 'of-another-tenant-00']
  const makeSearch = () =>
    new LeakSearch(loadKeys({ own, 'own again': own, other, 'other again': other }), 'own again', () => [own, 'short'])

  test('names the alias of the call if the key is its own, and else the first of the key', () => {
    const search = makeSearch()
    expect([search.findIn(`a ${own}`), search.findIn(`a ${other}`), search.findIn('a')]).toEqual(['own again', 'other', undefined])
    expect([unescaped(search, own), unescaped(search, other), unescaped(search, 'a')]).toEqual(['own again', 'other', undefined])
  })

  test('finds a short secret of the call in the open, behind two layers of escapes, and between two positions', () => {
    const search = makeSearch()
    for (const text of ['a short b', 'a %73hort', 'a sh\\u006frt', 'a sh\\\\u006frt', 'a %2573hort', hexOf('short')])
      expect([text, search.findIn(text)]).toEqual([text, 'own again'])
    for (const text of ['a shor t', 'a %252573hort', 'sh0rt', 'SHORT']) expect([text, search.findIn(text)]).toEqual([text, undefined])
    expect(search.find(bytesOf('short'), 1)).toBeUndefined()
    expect(search.find(bytesOf('short'), 0, 4)).toBeUndefined()
    expect(unescaped(search, 'short')).toBe('own again')
    expect(unescaped(search, '%73hort')).toBeUndefined()
    const without = new LeakSearch(loadKeys({ own }), 'own', () => [own])
    expect([without.findIn('short'), unescaped(without, 'short')]).toEqual([undefined, undefined])
  })

  test('tells where a run of key characters begins and ends', () => {
    const search = makeSearch()
    expect([
      search.endOfRun(bytesOf('abc def')),
      search.endOfRun(bytesOf('abc')),
      search.endOfRun(bytesOf(' a')),
      search.endOfRun(bytesOf('')),
    ]).toEqual([3, 3, 0, 0])
    expect([search.startOfRun(bytesOf('abc def'), 0), search.startOfRun(bytesOf('abc'), 1), search.startOfRun(bytesOf('a '), 0)]).toEqual([
      4, 1, 2,
    ])
  })

  test('waits for the rest of its own key from the first character on, and of another’s from the twelfth', () => {
    const search = makeSearch()
    const openAt = (text: string): number => {
      const pursuit = search.pursue(false)
      pursuit.read({ bytes: bytesOf(text), from: 0 })
      return Math.min(text.length, pursuit.begins)
    }
    expect([openAt('x of-the'), openAt('x o'), openAt('x of-another-'), openAt(`x ${other.slice(0, 12)}`)]).toEqual([2, 2, 13, 2])
    expect([openAt('x y'), openAt('x sho'), openAt('x of-thx')]).toEqual([3, 2, 8])
  })
})
