import { inspect } from 'node:util'
import { Secret } from '@postern/ports'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { sealOf } from '../../packages/core/src/objects/seal.js'
import { type Sealing, sealingKeyOf } from '../../packages/core/src/objects/sealing.js'
import { HeldValue } from '../../packages/instance/src/keys/held-value.js'
import { ValueCell } from '../../packages/instance/src/keys/value-cell.js'

const secret = new Secret('sk_a_key_that_a_source_gave')
const hourMs = 3_600_000

let searched: string[]
const searches = {
  add: (each: Secret) => void searched.push(each.reveal()),
  remove: (each: Secret) => void searched.splice(searched.indexOf(each.reveal()), 1),
}
beforeEach(() => {
  searched = []
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a value of a source is searched for', () => {
  test('from when it comes, and once however many calls use it', () => {
    const value = new HeldValue(secret, searches, undefined, undefined)
    value.begin()
    value.begin()
    value.end()
    value.end()
    expect(searched).toEqual([secret.reveal()])
  })

  test('for an hour after it was replaced, where nobody says when it ends', () => {
    const value = new HeldValue(secret, searches, undefined, undefined)
    value.replace()
    vi.advanceTimersByTime(hourMs - 1000)
    expect(searched).toEqual([secret.reveal()])
    vi.advanceTimersByTime(2000)
    expect(searched).toEqual([])
  })

  test('until it ends, where it is a token', () => {
    const value = new HeldValue(secret, searches, performance.now() + 10_000, undefined)
    value.replace()
    vi.advanceTimersByTime(9000)
    expect(searched).toEqual([secret.reveal()])
    vi.advanceTimersByTime(2000)
    expect(searched).toEqual([])
  })

  test('as long as a call runs that was sent with it, though it has ended', () => {
    const value = new HeldValue(secret, searches, performance.now() + 1000, undefined)
    value.begin()
    value.replace()
    vi.advanceTimersByTime(24 * hourMs)
    expect(searched).toEqual([secret.reveal()])
    value.end()
    expect(searched).toEqual([])
  })

  test('again, where a call that had chosen it begins only when it is searched for no more', () => {
    const value = new HeldValue(secret, searches, performance.now() + 1000, undefined)
    value.replace()
    vi.advanceTimersByTime(2000)
    value.begin()
    expect(searched).toEqual([secret.reveal()])
    value.end()
    expect(searched).toEqual([])
  })

  test('for the whole of a life that is longer than a timer can wait', () => {
    const value = new HeldValue(secret, searches, performance.now() + 60 * 24 * hourMs, undefined)
    value.replace()
    vi.advanceTimersByTime(59 * 24 * hourMs)
    expect(searched).toEqual([secret.reveal()])
    vi.advanceTimersByTime(2 * 24 * hourMs)
    expect(searched).toEqual([])
  })
})

describe('what is known of a place at a source', () => {
  test('counts from when the source was asked, not from when it answered', () => {
    const cell = new ValueCell(searches)
    const asked = performance.now()
    vi.advanceTimersByTime(900)
    cell.take({ secret, lifeMs: 1000 }, 5000, asked)
    expect(cell.current?.secret).toBe(secret)
    vi.advanceTimersByTime(101)
    expect(cell.current).toBeUndefined()
  })

  test('is the same value where the source gives the same text again, so that no call changes its lease', () => {
    const cell = new ValueCell(searches)
    expect(cell.take({ secret }, 5000, performance.now())).toBe(false)
    const { current } = cell
    expect(cell.take({ secret: new Secret(secret.reveal()) }, 5000, performance.now())).toBe(false)
    expect(cell.current).toBe(current)
    expect(cell.take({ secret: new Secret('sk_another_key_of_the_source') }, 5000, performance.now())).toBe(true)
    expect(cell.former.map((each) => each.isOf(secret))).toEqual([true])
  })

  test('is nothing once it was dropped, and its value stays searched for', () => {
    const cell = new ValueCell(searches)
    cell.take({ secret }, 5000, performance.now())
    cell.drop()
    expect(cell.current).toBeUndefined()
    expect(searched).toEqual([secret.reveal()])
  })

  test('remembers of eight earlier values what their seals open with, the latest one first, and not the values themselves', () => {
    const cell = new ValueCell(searches)
    for (let number = 0; number < 12; number += 1) cell.take({ secret: new Secret(`sk_value_${number}`) }, 5000, performance.now())
    const earlier = [10, 9, 8, 7, 6, 5, 4, 3].map((number) => new Secret(`sk_value_${number}`))
    expect(cell.former.map((each, place) => each.isOf(earlier[place] as Secret))).toEqual(earlier.map(() => true))
    const sealedWith = (each: Sealing): string => sealOf(sealingKeyOf(each), 'owner', 'id').toString('hex')
    expect(cell.former.map(sealedWith)).toEqual(earlier.map(sealedWith))
    expect(inspect(cell.former, { showHidden: true, depth: 9 })).not.toContain('sk_value')
  })
})

describe('what a source gives', () => {
  test.each<readonly [string, readonly (string | undefined)[], readonly boolean[]]>([
    ['the first value', ['sk_one'], [false]],
    ['the same again', ['sk_one', 'sk_one'], [false, false]],
    ['another value', ['sk_one', 'sk_two'], [false, true]],
    ['the same, after it was gone', ['sk_one', undefined, 'sk_one'], [false, false]],
    ['another value, after the first was gone', ['sk_one', undefined, 'sk_two'], [false, true]],
    ['another value, after two losses', ['sk_one', undefined, undefined, 'sk_two', undefined, 'sk_one'], [false, true, true]],
  ])('is told to be another value only if it differs from the last one: %s', (_, values, told) => {
    const cell = new ValueCell(searches)
    const heard: boolean[] = []
    for (const value of values) {
      if (value === undefined) cell.drop()
      else heard.push(cell.take({ secret: new Secret(value) }, hourMs, performance.now()))
    }
    expect(heard).toEqual(told)
  })
})
