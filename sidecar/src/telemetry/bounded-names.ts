import { compileNamePattern, redactKeys } from '@postern/protocol'

/** How many answers about names that only patterns match are kept. */
const mostRemembered = 1000

/**
 * The values of one label. They come from the configuration alone, so that no client can make further ones; whatever else comes is
 * `other`, and nothing at all is `none`.
 */
export class BoundedNames {
  readonly #most: number
  readonly #names = new Set<string>()
  readonly #patterns = new Map<string, (name: string) => boolean>()
  readonly #remembered = new Map<string, string>()

  /** @param most How many values there are at most, for as long as the process runs; later ones are `other`. */
  constructor(most: number) {
    this.#most = most
  }

  /** Allows names, and patterns with `*`: what matches a pattern is told by the pattern. The pattern `*` tells nothing, and is left out. */
  allow(names: Iterable<string>): void {
    for (const name of names) {
      if (this.#names.size + this.#patterns.size >= this.#most) return
      // The operator may have pasted a key in the place of a name.
      if (name === '*' || redactKeys(name) !== name) continue
      if (name.includes('*')) this.#patterns.set(name, compileNamePattern(name))
      else this.#names.add(name)
    }
    this.#remembered.clear()
  }

  labelOf(name: string | undefined): string {
    if (name === undefined) return 'none'
    if (this.#names.has(name)) return name
    return this.#patterns.size === 0 ? 'other' : (this.#remembered.get(name) ?? this.#match(name))
  }

  #match(name: string): string {
    let label = 'other'
    for (const [pattern, matches] of this.#patterns) {
      if (!matches(name)) continue
      label = pattern
      break
    }
    if (this.#remembered.size >= mostRemembered) this.#remembered.clear()
    this.#remembered.set(name, label)
    return label
  }
}
