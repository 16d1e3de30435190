import { deepEqual, equal } from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Locks } from '@postern/ports'
import { keysOfAnyForm } from './keys.js'
import { oneOwner, otherOwner } from './owners.js'
import { inAMinute, type Sentence } from './sentence.js'

/** What every `Locks` does. */
export const locksSuite: readonly Sentence<Locks>[] = [
  {
    title: 'gives a free lock to exactly one of 200 concurrent holders, by two handles, and tells the others who has it',
    async run(open) {
      const [locks, other] = [await open(), await open()]
      const told = await Promise.all(
        Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? locks : other).take('k', `holder ${index}`, inAMinute())),
      )
      const holders = new Set(told)
      equal(holders.size, 1)
      equal(told.filter((holder, index) => holder === `holder ${index}`).length, 1)
    },
  },
  {
    title: 'frees a lock after its time',
    async run(open) {
      const locks = await open()
      equal(await locks.take('k', 'one', Date.now() + 300), 'one')
      equal(await locks.take('k', 'two', inAMinute()), 'one')
      await sleep(350)
      equal(await locks.take('k', 'two', inAMinute()), 'two')
      equal(await locks.take('k', 'one', inAMinute()), 'two')
    },
  },
  {
    title: 'extends a lock for who has it, and for nobody else',
    async run(open) {
      const [locks, other] = [await open(), await open()]
      equal(await locks.take('k', 'one', Date.now() + 300), 'one')
      equal(await other.take('k', 'two', inAMinute()), 'one')
      equal(await other.take('k', 'one', inAMinute()), 'one')
      await sleep(350)
      equal(await locks.take('k', 'two', inAMinute()), 'one')
    },
  },
  {
    title: 'releases a lock for who has it, and for nobody else',
    async run(open) {
      const [locks, other] = [await open(), await open()]
      equal(await locks.take('k', 'one', inAMinute()), 'one')
      await other.release('k', 'two')
      equal(await other.take('k', 'two', inAMinute()), 'one')
      await other.release('k', 'one')
      equal(await other.take('k', 'two', inAMinute()), 'two')
      await locks.release('never taken', 'one')
    },
  },
  {
    title: 'has one lock for a key, whoever its owner is said to be',
    async run(open) {
      const [locks, other] = [await open(), await open()]
      equal(await locks.take('k', 'one', inAMinute(), oneOwner), 'one')
      equal(await other.take('k', 'two', inAMinute(), otherOwner), 'one')
      equal(await other.take('k', 'two', inAMinute()), 'one')
      await locks.release('k', 'one')
      equal(await other.take('k', 'two', inAMinute(), otherOwner), 'two')
      equal(await locks.take('k', 'one', inAMinute(), oneOwner), 'two')
    },
  },
  {
    title: 'does not keep what was over before it was taken',
    async run(open) {
      const locks = await open()
      equal(await locks.take('k', 'one', Date.now() - 1000), 'one')
      await sleep(10)
      equal(await locks.take('k', 'two', inAMinute()), 'two')
    },
  },
  {
    title: 'tells keys of any form apart, and keeps holders of any letters',
    async run(open) {
      const [locks, other] = [await open(), await open()]
      const holders = keysOfAnyForm.map((_, index) => `${index} 人 'ß' "`)
      for (const [index, key] of keysOfAnyForm.entries()) await locks.take(key, holders[index] as string, inAMinute())
      const found: string[] = []
      for (const key of keysOfAnyForm) found.push(await other.take(key, 'other', inAMinute()))
      deepEqual(found, holders)
    },
  },
]
