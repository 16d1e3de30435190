import { deepEqual, equal } from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Counters } from '@postern/ports'
import { keysOfAnyForm } from './keys.js'
import { oneOwner, otherOwner } from './owners.js'
import { inAMinute, type Sentence } from './sentence.js'

/** What every `Counters` does. */
export const countersSuite: readonly Sentence<Counters>[] = [
  {
    title: 'counts exactly under concurrency, by two handles',
    async run(open) {
      const [counters, other] = [await open(), await open()]
      const until = inAMinute()
      const counts = await Promise.all(Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? counters : other).add('k', until)))
      deepEqual(
        counts.toSorted((one, another) => one - another),
        Array.from({ length: 200 }, (_, index) => index + 1),
      )
    },
  },
  {
    title: 'begins to count anew after the time that the first count fixed',
    async run(open) {
      const counters = await open()
      equal(await counters.add('k', Date.now() + 300), 1)
      equal(await counters.add('k', inAMinute()), 2)
      await sleep(350)
      equal(await counters.add('k', inAMinute()), 1)
      equal(await counters.add('k', Date.now() - 1000), 2)
      equal(await counters.add('k', inAMinute()), 3)
    },
  },
  {
    title: 'counts a key, whoever its owner is said to be',
    async run(open) {
      const [counters, other] = [await open(), await open()]
      equal(await counters.add('k', inAMinute(), oneOwner), 1)
      equal(await other.add('k', inAMinute(), otherOwner), 2)
      equal(await other.add('k', inAMinute()), 3)
    },
  },
  {
    title: 'tells keys of any form apart: empty, long, with zeros, with letters of all the world',
    async run(open) {
      const [counters, other] = [await open(), await open()]
      for (const key of keysOfAnyForm) equal(await counters.add(key, inAMinute()), 1)
      for (const key of keysOfAnyForm) equal(await other.add(key, inAMinute()), 2)
    },
  },
]
