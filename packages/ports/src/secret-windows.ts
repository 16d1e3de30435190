import { type Found, SecretTable } from './secret-table.js'

export type { Found }

/**
 * Finds any of many secrets in a text (Rabin-Karp): a rolling hash of the last {@link width} characters is looked up among
 * the hashes of the secrets' first ones. So the cost grows with the text and not with the number of secrets.
 *
 * Of several, it finds the one that begins first in the text, and of those that begin there the longest: a caller that goes on behind
 * the beginning of what was found misses none.
 *
 * Also finds a secret that the end of the text cuts off, if its first {@link width} characters are there; not with
 * `onlyWhole`. If the author of the text learns of the result, use `onlyWhole`: otherwise the author could guess a secret
 * character by character.
 */
export type FindSecret = (text: string, onlyWhole?: boolean) => Found | undefined

/** How many of a secret's first characters are hashed; all, if it is shorter. */
const width = 8

export function createSecretWindows(secrets: readonly string[]): FindSecret {
  return new SecretWindows(secrets).find
}

/** Secrets that are searched for, of which each may come and go. */
export class SecretWindows {
  /** By how many characters are hashed. */
  readonly #byWidth = new Map<number, SecretTable>()
  /** The same ones. */
  #tables: readonly SecretTable[] = []

  constructor(secrets: readonly string[] = []) {
    const byWidth = new Map<number, string[]>()
    for (const secret of secrets) {
      if (secret === '') continue
      const size = Math.min(width, secret.length)
      const known = byWidth.get(size)
      if (known === undefined) byWidth.set(size, [secret])
      else known.push(secret)
    }
    for (const [size, those] of byWidth) this.#open(size, those)
  }

  /** Adds a secret that is not there. */
  add(secret: string): void {
    if (secret === '') return
    const size = Math.min(width, secret.length)
    const table = this.#byWidth.get(size) ?? this.#open(size, [])
    table.add(secret)
  }

  /** From now on nothing here keeps the text of the secret. */
  remove(secret: string): void {
    this.#byWidth.get(Math.min(width, secret.length))?.remove(secret)
  }

  readonly find: FindSecret = (text, onlyWhole = false) => {
    let first: Found | undefined
    for (const table of this.#tables) first = better(first, table.find(text, onlyWhole))
    return first
  }

  #open(size: number, secrets: readonly string[]): SecretTable {
    const table = new SecretTable(size, secrets)
    this.#byWidth.set(size, table)
    this.#tables = [...this.#byWidth.values()]
    return table
  }
}

/** Finds what any of these finds: what begins first in the text, and of those that begin there the longest. */
export function findFirstOf(finders: readonly FindSecret[]): FindSecret {
  return (text, onlyWhole) => {
    let first: Found | undefined
    for (const find of finders) first = better(first, find(text, onlyWhole))
    return first
  }
}

function better(one: Found | undefined, other: Found | undefined): Found | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return other.start < one.start || (other.start === one.start && other.end > one.end) ? other : one
}
