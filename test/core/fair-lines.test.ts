import { describe, expect, test } from 'vitest'
import { FairLines } from '../../packages/core/src/lib/fair-lines.js'
import { inTurns } from '../../packages/core/src/lib/in-turns.js'

/** All that waits, in the order in which it is taken. */
function takeAll<Item>(lines: FairLines<Item>): readonly Item[] {
  const taken: Item[] = []
  for (let item = lines.take(); item !== undefined; item = lines.take()) taken.push(item)
  return taken
}

describe('lines of several owners', () => {
  test('items of one owner leave in the order in which they came', () => {
    const lines = new FairLines<number>(10)
    const items = Array.from({ length: 1000 }, (_, index) => index)
    for (const item of items) lines.push('one', item, (item * 7) % 40)
    expect(lines.size).toBe(1000)
    expect(takeAll(lines)).toEqual(items)
    expect(lines.size).toBe(0)
  })

  test('an owner with one item waits for few of an owner with many', () => {
    const lines = new FairLines<string>(1)
    for (let index = 0; index < 10_000; index += 1) lines.push('many', 'many', 1)
    lines.push('one', 'one', 1)
    expect(takeAll(lines).indexOf('one')).toBeLessThanOrEqual(1)
  })

  test('small items leave before large ones of another owner have cost as much', () => {
    const lines = new FairLines<readonly [owner: string, cost: number]>(8)
    for (let index = 0; index < 100; index += 1) lines.push('large', ['large', 100], 100)
    for (let index = 0; index < 100; index += 1) lines.push('small', ['small', 1], 1)
    const taken = takeAll(lines)
    const lastSmall = taken.findLastIndex(([owner]) => owner === 'small')
    expect(taken.slice(0, lastSmall).filter(([owner]) => owner === 'large').length).toBeLessThanOrEqual(2)
  })

  test.each([1, 8, 64])(
    'while all wait, what owners have taken differs by no more than a round and an item, with rounds of %i',
    (quantum) => {
      const most = 50
      const owners = ['a', 'b', 'c', 'd']
      const lines = new FairLines<readonly [owner: string, cost: number]>(quantum)
      for (const [place, owner] of owners.entries())
        for (let index = 0; index < 500; index += 1) {
          const cost = 1 + ((index * 31 + place * 17) % most)
          lines.push(owner, [owner, cost], cost)
        }
      const had = new Map(owners.map((owner) => [owner, 0]))
      for (let count = 0; count < 1000; count += 1) {
        const [owner, cost] = lines.take() as readonly [string, number]
        had.set(owner, (had.get(owner) as number) + cost)
        const sums = [...had.values()]
        expect(Math.max(...sums) - Math.min(...sums)).toBeLessThanOrEqual(2 * quantum + 2 * most)
      }
    },
  )
})

describe('long work in turns', () => {
  test('the work of one owner waits for few steps of an owner with many jobs', async () => {
    let steps = 0
    const job = (length: number, owner: string): Promise<number> => {
      let left = length
      return inTurns(() => ((steps += 1), (left -= 1) === 0), owner).then(() => steps)
    }
    const many = Array.from({ length: 200 }, () => job(10, 'many'))
    expect(await job(5, 'one')).toBeLessThanOrEqual(12)
    expect(Math.max(...(await Promise.all(many)))).toBe(2005)
  })

  test('a step that begins further work is followed by it, one step in one turn', async () => {
    const turns: number[] = []
    let turn = 0
    let isOver = false
    const count = (): void => void ((turn += 1), isOver || setImmediate(count))
    setImmediate(count)
    const inner: Promise<void>[] = []
    await inTurns(() => {
      turns.push(turn)
      inner.push(inTurns(() => turns.push(turn) > 3))
      return true
    })
    await Promise.all(inner)
    isOver = true
    expect(turns.length).toBe(4)
    expect(new Set(turns).size).toBe(4)
  })
})
