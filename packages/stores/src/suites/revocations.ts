import { deepEqual } from 'node:assert/strict'
import type { Feed, Revocation } from '@postern/ports'
import { feedSuite } from './feed.js'
import { inAMinute, type Sentence } from './sentence.js'

/** What every `Feed<Revocation>` does. */
export const revocationsSuite: readonly Sentence<Feed<Revocation>>[] = [
  ...feedSuite<Revocation>({
    make: (name, until) => ({ kind: 'user', name, at: 1_700_000_000, until }),
    nameOf: ({ name }) => name,
  }),
  {
    title: 'keeps every kind, fractions of seconds, an empty name, and letters of all the world',
    async run(open) {
      const [feed, other] = [await open(), await open()]
      const written: readonly Revocation[] = [
        { kind: 'user', name: 'Zoë 人', at: 1_700_000_000.5, until: inAMinute() },
        { kind: 'team', name: '', at: 1_700_000_000, until: inAMinute() },
        { kind: 'id', name: 'an-id', at: 0, until: inAMinute() },
      ]
      for (const one of written) await feed.append(one)
      deepEqual((await other.after()).items, written)
    },
  },
]
