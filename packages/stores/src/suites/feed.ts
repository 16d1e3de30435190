import { deepEqual, equal } from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Feed } from '@postern/ports'
import { inAMinute, type Sentence } from './sentence.js'

/** Makes the items of a feed, and tells them apart. */
export interface ItemKind<Item> {
  /** An item of this name, which may be left out of answers from `untilMs` on, in milliseconds since the epoch. */
  readonly make: (name: string, untilMs: number) => Item
  readonly nameOf: (item: Item) => string
}

/** How many items each of two writers appends while a third reads. */
const manyItems = 1250

/** What every `Feed` does, whatever its items are. */
export function feedSuite<Item>({ make, nameOf }: ItemKind<Item>): readonly Sentence<Feed<Item>>[] {
  const lasting = (name: string): Item => make(name, inAMinute())

  async function namesAfter(feed: Feed<Item>, mark?: string): Promise<readonly string[]> {
    return (await feed.after(mark)).items.map(nameOf)
  }

  async function appendMany(feed: Feed<Item>, letter: string): Promise<void> {
    for (let index = 0; index < manyItems; index += 1) {
      await feed.append(lasting(`${letter}${index}`))
      // A store that works at once must let the others have their turn too.
      if (index % 50 === 0) await sleep(1)
    }
  }

  return [
    {
      title: 'gives nothing, and a mark to go on from, where nothing was appended',
      async run(open) {
        const [feed, other] = [await open(), await open()]
        const { items, mark } = await feed.after()
        deepEqual(items, [])
        await other.append(lasting('late'))
        deepEqual(await namesAfter(feed, mark), ['late'])
      },
    },
    {
      title: 'gives items as they were appended, in their order, also by another handle',
      async run(open) {
        const [feed, other] = [await open(), await open()]
        const written = ['b', 'a', 'c'].map(lasting)
        for (const item of written) await feed.append(item)
        deepEqual((await other.after()).items, written)
      },
    },
    {
      title: 'gives after a mark what was appended after it, and nothing twice',
      async run(open) {
        const [feed, other] = [await open(), await open()]
        await feed.append(lasting('a'))
        const first = await other.after()
        equal(first.items.length, 1)
        deepEqual(await other.after(first.mark), { items: [], mark: first.mark })
        await feed.append(lasting('b'))
        await feed.append(lasting('c'))
        deepEqual(await namesAfter(other, first.mark), ['b', 'c'])
      },
    },
    {
      title: 'loses and doubles none of 2,500 while two append and one follows',
      async run(open) {
        const [feed, other] = [await open(), await open()]
        const read: string[] = []
        let mark: string | undefined
        let done = false
        const follow = async (): Promise<void> => {
          for (let last = false; !last; ) {
            last = done
            const page = await other.after(mark)
            mark = page.mark
            read.push(...page.items.map(nameOf))
            await sleep(5)
          }
        }
        const appending = Promise.all([appendMany(feed, 'a'), appendMany(other, 'b')]).finally(() => (done = true))
        await Promise.all([appending, follow()])
        equal(new Set(read).size, 2 * manyItems)
        equal(read.length, 2 * manyItems)
        deepEqual(
          read.filter((name) => name.startsWith('a')),
          Array.from({ length: manyItems }, (_, index) => `a${index}`),
        )
        const whole = await feed.after()
        deepEqual(whole.items.map(nameOf), read)
        equal(whole.mark, mark)
      },
    },
    {
      title: 'takes a mark although what stood there is over',
      async run(open) {
        const feed = await open()
        await feed.append(make('short', Date.now() + 100))
        const { mark } = await feed.after()
        await sleep(1100)
        await feed.after()
        await feed.append(lasting('long'))
        deepEqual(await namesAfter(feed, mark), ['long'])
      },
    },
  ]
}
