interface Waiting<Item> {
  readonly item: Item
  readonly cost: number
}

/** What one owner has waiting. */
interface Line<Item> {
  readonly items: Waiting<Item>[]
  /** Where the next item stands. */
  next: number
  /** What the owner may still take in this round. */
  credit: number
}

/**
 * What waits, in a line for each owner. Owners take turns by what their items cost, however many items one of them has (deficit round
 * robin; Shreedhar and Varghese, 1995): while one takes an item of ten quanta, each other takes items of ten quanta.
 */
export class FairLines<Item> {
  /** What an owner may take in one round. An item may cost more: then its owner saves for it. */
  readonly #quantum: number
  /** The owner whose turn it is comes first. */
  readonly #lines = new Map<string, Line<Item>>()
  #size = 0

  constructor(quantum: number) {
    this.#quantum = quantum
  }

  get size(): number {
    return this.#size
  }

  push(owner: string, item: Item, cost: number): void {
    this.#size += 1
    const line = this.#lines.get(owner)
    if (line === undefined) this.#lines.set(owner, { items: [{ item, cost }], next: 0, credit: this.#quantum })
    else line.items.push({ item, cost })
  }

  /** Takes the next item; `undefined`: nothing waits. Of one owner, items leave in the order in which they came. */
  take(): Item | undefined {
    for (const [owner, line] of this.#lines) {
      const { item, cost } = line.items[line.next] as Waiting<Item>
      // An owner that waits alone need not save credit: nobody else waits for a turn.
      if (cost > line.credit && this.#lines.size > 1) {
        this.#lines.delete(owner)
        line.credit += this.#quantum
        this.#lines.set(owner, line)
        continue
      }
      line.next += 1
      line.credit = Math.max(0, line.credit - cost)
      this.#size -= 1
      if (line.next === line.items.length) this.#lines.delete(owner)
      else this.#shorten(line)
      return item
    }
    return undefined
  }

  /** Forgets what was taken, once that is half of the line. */
  #shorten(line: Line<Item>): void {
    if (line.next * 2 < line.items.length) return
    line.items.splice(0, line.next)
    line.next = 0
  }
}
