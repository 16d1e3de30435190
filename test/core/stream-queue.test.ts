import { describe, expect, test } from 'vitest'
import { StreamQueue, type Waiter } from '../../packages/core/src/reserve/stream-queue.js'

/** A queue in which so many calls find room, and the names of those that found it, in order. */
function openQueue(room: number) {
  const queue = new StreamQueue()
  const served: string[] = []
  const displaced: string[] = []
  let left = room
  const waiters = new Map<string, Waiter>()
  const add = (caller: string, name: string, most = Infinity): boolean => {
    const waiter: Waiter = {
      caller,
      displaced: () => displaced.push(name),
      attempt: async () => {
        if (left === 0) return false
        left -= 1
        served.push(name)
        return true
      },
    }
    waiters.set(name, waiter)
    return queue.add(waiter, most)
  }
  const free = (count: number): Promise<void> => {
    left += count
    return queue.advance()
  }
  return { queue, served, displaced, waiters, add, free }
}

describe('the queue of a limit of streams', () => {
  test('lets callers take turns, and keeps the order of each', async () => {
    const { add, served, free, queue } = openQueue(0)
    for (const name of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) add(name.slice(0, 1), name)
    await queue.advance()
    expect(served).toEqual([])
    await free(2)
    add('d', 'd1')
    await free(10)
    expect(served).toEqual(['a1', 'b1', 'c1', 'a2', 'd1', 'c2', 'a3'])
    expect(queue.waiting).toBe(0)
  })

  test('passes over calls that have left, from anywhere in it', async () => {
    const { add, served, free, queue, waiters } = openQueue(0)
    for (const name of ['a1', 'a2', 'b1', 'b2', 'c1']) add(name.slice(0, 1), name)
    for (const name of ['a1', 'b2', 'c1', 'c1']) queue.delete(waiters.get(name) as Waiter)
    expect(queue.waiting).toBe(2)
    await free(5)
    expect(served.toSorted()).toEqual(['a2', 'b1'])
  })

  test('gives a place to whoever has fewer calls in it, and takes the last one of whoever has most', () => {
    const { add, displaced, queue } = openQueue(0)
    for (const name of ['a1', 'a2', 'a3', 'a4']) expect(add('a', name, 4)).toBe(true)
    expect(add('a', 'a5', 4)).toBe(false)
    expect(add('b', 'b1', 4)).toBe(true)
    expect(add('b', 'b2', 4)).toBe(true)
    expect(displaced).toEqual(['a4', 'a3'])
    // Both have two now.
    expect(add('b', 'b3', 4)).toBe(false)
    expect(add('a', 'a6', 4)).toBe(false)
    expect(add('c', 'c1', 4)).toBe(true)
    expect([queue.waiting, displaced.length]).toEqual([4, 3])
  })

  test('serves everybody once where calls come and leave in any order', async () => {
    const { add, served, free, queue, waiters, displaced } = openQueue(0)
    const waiting = new Set<string>()
    for (let step = 0; step < 5000; step += 1) {
      const name = `${step % 7} ${step}`
      if (add(name.slice(0, 1), name, 50)) waiting.add(name)
      for (const gone of displaced.splice(0)) waiting.delete(gone)
      if (step % 3 === 0) {
        const [left] = [...waiting].slice(step % Math.max(1, waiting.size))
        if (left !== undefined && waiting.delete(left)) queue.delete(waiters.get(left) as Waiter)
      }
      if (step % 5 === 0) await free(1)
      for (const name_ of served) waiting.delete(name_)
      expect(queue.waiting).toBe(waiting.size)
    }
    await free(100)
    expect(queue.waiting).toBe(0)
    expect(new Set(served).size).toBe(served.length)
  })
})
