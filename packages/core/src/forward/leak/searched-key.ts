/** A secret that is searched for. */
export interface LoadedKey {
  /** The names under which the secret was added. */
  readonly names: readonly string[]
  hasName(name: string): boolean
}

/** A key with whose beginning a text ends. */
export interface OpenKey {
  readonly key: LoadedKey
  /** The key in the form in which it has begun. */
  readonly needle: string
  readonly reading: Uint8Array
  /** Where it begins. */
  from: number
}

/** A {@link LoadedKey} with what the search knows of it. */
export class SearchedKey implements LoadedKey {
  readonly number: number
  /** As much of the secret as is compared. */
  readonly text: string
  #name: string
  /** How often this name was added and not removed. */
  #count = 1
  /** Further names in the order in which they came, with their counts. Most keys have none. */
  #others: Map<string, number> | undefined

  constructor(number: number, text: string, name: string) {
    this.number = number
    this.text = text
    this.#name = name
  }

  get names(): readonly string[] {
    return [this.#name, ...(this.#others?.keys() ?? [])]
  }

  hasName(name: string): boolean {
    return name === this.#name || this.#others?.has(name) === true
  }

  add(name: string): void {
    if (name === this.#name) this.#count += 1
    else (this.#others ??= new Map()).set(name, (this.#others.get(name) ?? 0) + 1)
  }

  /** Returns whether that was the last name. A name that the key does not have changes nothing. */
  remove(name: string): boolean {
    if (name !== this.#name) {
      const count = this.#others?.get(name) ?? 0
      if (count > 1) this.#others?.set(name, count - 1)
      else this.#others?.delete(name)
      return false
    }
    this.#count -= 1
    if (this.#count > 0) return false
    for (const [next, count] of this.#others ?? []) {
      this.#name = next
      this.#count = count
      this.#others?.delete(next)
      return false
    }
    return true
  }
}
