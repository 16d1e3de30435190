import { equal } from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Seen } from '@postern/ports'
import { keysOfAnyForm } from './keys.js'
import { oneOwner, otherOwner } from './owners.js'
import { inAMinute, type Sentence } from './sentence.js'

/** What every `Seen` does. */
export const seenSuite: readonly Sentence<Seen>[] = [
  {
    title: 'tells exactly one of 200 concurrent calls, by two handles, that a key is new',
    async run(open) {
      const [seen, other] = [await open(), await open()]
      const told = await Promise.all(Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? seen : other).add('k', inAMinute())))
      equal(told.filter(Boolean).length, 1)
    },
  },
  {
    title: 'forgets a key after the time that the first call gave, and remembers it anew',
    async run(open) {
      const seen = await open()
      equal(await seen.add('k', Date.now() + 300), true)
      equal(await seen.add('k', inAMinute()), false)
      await sleep(350)
      equal(await seen.add('k', inAMinute()), true)
      equal(await seen.add('k', inAMinute()), false)
    },
  },
  {
    title: 'knows a key, whoever its owner is said to be',
    async run(open) {
      const [seen, other] = [await open(), await open()]
      equal(await seen.add('k', inAMinute(), oneOwner), true)
      equal(await other.add('k', inAMinute(), otherOwner), false)
      equal(await other.add('k', inAMinute()), false)
    },
  },
  {
    title: 'does not keep what was over before it was stored',
    async run(open) {
      const seen = await open()
      equal(await seen.add('k', Date.now() - 1000), true)
      await sleep(10)
      equal(await seen.add('k', inAMinute()), true)
    },
  },
  {
    title: 'tells keys of any form apart: empty, long, with zeros, with letters of all the world',
    async run(open) {
      const [seen, other] = [await open(), await open()]
      for (const key of keysOfAnyForm) equal(await seen.add(key, inAMinute()), true)
      for (const key of keysOfAnyForm) equal(await other.add(key, inAMinute()), false)
    },
  },
]
