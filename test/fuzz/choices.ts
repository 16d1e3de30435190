import { hash } from 'node:crypto'

/** Where an input comes from. */
export type Source = { readonly seed: number; readonly target: string; readonly index: number } | { readonly made: readonly number[] }

/**
 * The decisions that make one input: drawn at random, and written down as they are drawn, so that the same list makes
 * the same input again and a shorter list makes a simpler one.
 *
 * Generators put their plainest alternative first. A list that has run out gives zeros, so whatever is cut off its
 * end becomes plain. That is how Hypothesis shrinks: one shrinker for every generator, and none of them knows of it.
 */
export class Choices {
  readonly made: number[] = []
  readonly source: Source
  readonly #next: (below: number) => number

  private constructor(source: Source, next: (below: number) => number) {
    this.source = source
    this.#next = next
  }

  /** The same input once more. */
  static from(source: Source): Choices {
    return 'made' in source ? Choices.replayed(source.made) : Choices.drawn(source.seed, source.target, source.index)
  }

  /** The input of this number under a seed. */
  static drawn(seed: number, target: string, index: number): Choices {
    const random = createRandom(`${seed}/${target}/${index}`)
    return new Choices({ seed, target, index }, (below) => Math.floor(random() * below))
  }

  static replayed(made: readonly number[]): Choices {
    let at = 0
    return new Choices({ made }, (below) => {
      const choice = made[at] ?? 0
      at += 1
      return Math.min(choice, below - 1)
    })
  }

  /** A whole number from 0 to less than `limit`. */
  below(limit: number): number {
    if (!Number.isInteger(limit)) throw new TypeError(`there is no choice of ${limit}`)
    if (limit <= 1) return 0
    const choice = this.#next(limit)
    this.made.push(choice)
    return choice
  }

  /** From `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  /** True once in so many times; the plain answer is no. */
  oneIn(times: number): boolean {
    return this.below(times) === times - 1
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T
  }

  /** Up to `most` of them, most often few. */
  some<T>(most: number, make: () => T): T[] {
    const made: T[] = []
    while (made.length < most && this.below(3) !== 0) made.push(make())
    return made
  }
}

/** sfc32, a small generator of good quality: four words of state, begun with a hash of the text. */
function createRandom(text: string): () => number {
  const begun = hash('sha256', text, 'hex')
  let [a, b, c, d] = [0, 8, 16, 24].map((at) => Number.parseInt(begun.slice(at, at + 8), 16)) as [number, number, number, number]
  return () => {
    const sum = (a + b + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }
}

/** As one word of a command line: numbers to base 36, repeats as `value~times`. */
export function writeChoices(made: readonly number[]): string {
  const words: string[] = []
  for (let at = 0; at < made.length; ) {
    let end = at
    while (made[end] === made[at] && end < made.length) end += 1
    const word = (made[at] as number).toString(36)
    if (end - at > 3) words.push(`${word}~${(end - at).toString(36)}`)
    else for (let each = at; each < end; each += 1) words.push(word)
    at = end
  }
  return words.join('.')
}

/** @throws {TypeError} where it is none. */
export function readChoices(text: string): number[] {
  return text.split('.').flatMap((word) => {
    const [, value = '', times = '1'] = /^([0-9a-z]+)(?:~([0-9a-z]+))?$/.exec(word) ?? []
    if (value === '') throw new TypeError(`"${word}" is no choice of an input`)
    return Array.from({ length: Number.parseInt(times, 36) }, () => Number.parseInt(value, 36))
  })
}
