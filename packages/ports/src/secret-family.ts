/** Different secrets with the same first characters: thousands where the keys of a provider begin alike. */
export class SecretFamily {
  /** In the order of their character codes, once {@link order} was called. */
  #members: string[]
  /** Whether one of them may begin with another one. */
  #isNested = false
  #isOrdered = false

  /** @param members Two or more different ones. */
  constructor(members: readonly string[]) {
    this.#members = [...members]
  }

  get first(): string {
    return this.#members[0] as string
  }

  /** How many there are. One that was gathered twice counts twice until they are put in order. */
  get size(): number {
    return this.#members.length
  }

  /** Adds one of many, which are put in order once all are there. It may be there already. */
  gather(secret: string): void {
    this.#members.push(secret)
    this.#isOrdered = false
  }

  /** Puts the members in order, if they are not. Whatever needs the order calls this: most of many families are never asked. */
  order(): void {
    if (this.#isOrdered) return
    this.#members = [...new Set(this.#members)].sort()
    this.#isNested = this.#members.some((member, index) => index > 0 && member.startsWith(this.#members[index - 1] as string))
    this.#isOrdered = true
  }

  /** A secret that is there is not added twice. */
  add(secret: string): void {
    this.order()
    const place = this.#placeOf(secret, 0, secret.length)
    const [before, after] = [this.#members[place - 1], this.#members[place]]
    if (after === secret) return
    // Of those that stand between a secret and one that it begins with, each begins with that one too: neighbours tell.
    if ((before !== undefined && secret.startsWith(before)) || after?.startsWith(secret) === true) this.#isNested = true
    this.#members.splice(place, 0, secret)
  }

  remove(secret: string): void {
    this.order()
    const place = this.#placeOf(secret, 0, secret.length)
    if (this.#members[place] === secret) this.#members.splice(place, 1)
  }

  /**
   * The position after the longest member that stands in a text at `start`; 0: none does. The place of the text among the members is found
   * by halves, so that a text which repeats what thousands begin with costs a few comparisons each time.
   */
  endIn(text: string, start: number, onlyWhole: boolean): number {
    this.order()
    const place = this.#placeOf(text, start, text.length)
    const following = this.#members[place]
    if (following !== undefined) {
      const same = sharedLength(following, text, start)
      if (same === following.length) return start + same
      if (!onlyWhole && start + same === text.length) return text.length
    }
    // Whatever stands between a member that the text begins with and the text itself begins with that member too.
    for (let before = this.#members[place - 1]; before !== undefined; ) {
      const same = sharedLength(before, text, start)
      if (same === before.length) return start + same
      if (!this.#isNested || same === 0) return 0
      const shorter = this.#placeOf(text, start, start + same)
      // The one that is the whole of those characters, or else the last one before them.
      before = this.#members[shorter] === text.slice(start, start + same) ? this.#members[shorter] : this.#members[shorter - 1]
    }
    return 0
  }

  /** How many members come before the part of a text from `start` to `end`, in their order. */
  #placeOf(text: string, start: number, end: number): number {
    let [low, high] = [0, this.#members.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (comesBefore(this.#members[middle] as string, text, start, end)) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Whether a secret comes before the part of a text from `start` to `end`. */
function comesBefore(secret: string, text: string, start: number, end: number): boolean {
  const most = Math.min(secret.length, end - start)
  let same = 0
  while (same < most && secret.charCodeAt(same) === text.charCodeAt(start + same)) same += 1
  return same === most ? secret.length < end - start : secret.charCodeAt(same) < text.charCodeAt(start + same)
}

/** How many characters of a secret stand in a text from `start` on. */
export function sharedLength(secret: string, text: string, start: number): number {
  const most = Math.min(secret.length, text.length - start)
  let length = 0
  while (length < most && secret.charCodeAt(length) === text.charCodeAt(start + length)) length += 1
  return length
}
