/** Knows its place in an {@link OpenList}. */
export interface Listed {
  /** -1 while it is in none. */
  place: number
}

/**
 * What is open at the moment, where things open and close thousands of times a second.
 *
 * An array, since a `Set` makes a new table now and then and the old one points to it: once an old table has been moved to
 * the old generation, V8's quick collections keep every later table, and all that was open with it.
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

  /** All that are open now, whatever opens or closes meanwhile. */
  all(): readonly Item[] {
    return [...this.#items]
  }
}
