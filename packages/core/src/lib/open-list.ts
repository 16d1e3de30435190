/** An item of an {@link OpenList}. */
export interface Listed {
  /** Its index in the list; -1 while it is in none. Only the list writes it. */
  place: number
}

/**
 * The items that are open now. Made for thousands of additions and removals per second.
 *
 * An array, because V8's `Set` sometimes makes a new table, and the old table points to the new one. Once an old table is in
 * the old generation, V8's minor collections keep every later table alive, with all items that were in it.
 */
export class OpenList<Item extends Listed> {
  readonly #items: Item[] = []

  add(item: Item): void {
    item.place = this.#items.push(item) - 1
  }

  delete(item: Item): void {
    const { place } = item
    if (place === -1) return
    item.place = -1
    const last = this.#items.pop() as Item
    if (last === item) return
    this.#items[place] = last
    last.place = place
  }

  /** How many items are open. */
  get size(): number {
    return this.#items.length
  }

  /** A copy of the items that are open now. */
  all(): readonly Item[] {
    return [...this.#items]
  }
}
