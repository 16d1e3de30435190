import { StoreNotAsked } from '@postern/ports'

/** The least time that a statement is given, in milliseconds. */
const leastMs = 300

/** How items are put together. */
export interface BatchOptions {
  /** How many statements are under way at once. */
  readonly atOnce: number
  /** The most items of one statement. */
  readonly most: number
  /** How long an item waits for its turn and its answer, in milliseconds; a statement that begins late gets a little more. */
  readonly answerMs: number
}

interface Waiting<Item, Answer> {
  readonly item: Item
  readonly since: number
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

/**
 * Puts items into one statement that come while others are under way: each item waits for one commit of the disk, and so do a hundred.
 * An item that comes alone goes at once.
 *
 * @param run Makes one statement of items and gives an answer for each, in their order. If it rejects, all of them do; and what waits
 *   behind it rejects with `StoreNotAsked`, so that nobody waits twice for a database that hangs.
 */
export function createBatches<Item, Answer>(
  run: (items: readonly Item[], waitMs: number) => Promise<readonly Answer[]>,
  { atOnce, most, answerMs }: BatchOptions,
): (item: Item) => Promise<Answer> {
  let waiting: Waiting<Item, Answer>[] = []
  let underWay = 0

  async function send(batch: readonly Waiting<Item, Answer>[]): Promise<void> {
    underWay += 1
    try {
      const leftMs = answerMs - (performance.now() - (batch[0]?.since ?? 0))
      const answers = await run(
        batch.map(({ item }) => item),
        Math.max(leastMs, leftMs),
      )
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answer)
    } catch (error) {
      for (const { reject } of batch) reject(error)
      const behind = waiting
      waiting = []
      for (const { reject } of behind) reject(new StoreNotAsked((error as Error).message))
    } finally {
      underWay -= 1
      sendNext()
    }
  }

  function sendNext(): void {
    while (waiting.length > 0 && underWay < atOnce) void send(waiting.splice(0, most))
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, since: performance.now(), resolve, reject })
      sendNext()
    })
}
