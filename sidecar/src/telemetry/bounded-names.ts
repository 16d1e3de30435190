import { compileNamePattern, redactKeys } from '@postern/protocol'

/** How many names keep the label that the patterns gave them, so that they are not matched again. */
const maxRemembered = 1000

/**
 * The values of one label. Only the configuration adds values, so that no client can: a name that is not among them is `other`, and no name
 * is `none`.
 */
export class BoundedNames {
  readonly #maxValues: number
  readonly #names = new Set<string>()
  readonly #patterns = new Map<string, (name: string) => boolean>()
  readonly #remembered = new Map<string, string>()

  /** @param maxValues How many values there are at most, for as long as the process runs; later ones are `other`. */
  constructor(maxValues: number) {
    this.#maxValues = maxValues
  }

  /** Allows names, and patterns with `*`. The label of a name that matches a pattern is the pattern. The pattern `*` is left out: its label would say nothing. */
  allow(names: Iterable<string>): void {
    for (const name of names) {
      if (this.#names.size + this.#patterns.size >= this.#maxValues) break
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
    if (this.#remembered.size >= maxRemembered) this.#remembered.clear()
    this.#remembered.set(name, label)
    return label
  }
}
