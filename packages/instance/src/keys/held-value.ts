import type { KeyUse, LoadedKeys } from '@postern/core'
import type { LiveSecrets, Secret } from '@postern/ports'

/** How long answers are searched for a replaced value whose source did not tell when the value expires, in milliseconds. */
const keptMs = 3_600_000

/** The longest that a timer of Node waits, in milliseconds. */
const longestTimerMs = 2 ** 31 - 1

/** The set of secrets for which answers and log lines are searched. */
export interface Searches {
  add(secret: Secret): void
  remove(secret: Secret): void
}

/** Searches for the secrets of one key in answers and in log lines. */
export function searchesFor(alias: string, loaded: LoadedKeys, live: LiveSecrets): Searches {
  return {
    add(secret) {
      loaded.addValue({ alias, secret })
      live.add(secret)
    },
    remove(secret) {
      loaded.removeValue({ alias, secret })
      live.remove(secret)
    },
  }
}

/** Counts the calls that are sent with several values at once, such as the two keys of Mintoken. */
export function useOf(values: readonly HeldValue[]): KeyUse {
  const [first] = values
  if (first !== undefined && values.length === 1) return first
  return {
    begin: () => values.forEach((value) => value.begin()),
    end: () => values.forEach((value) => value.end()),
  }
}

/**
 * One value that a source gave. Answers and logs are searched for it as long as it is the current one, as long as calls run that were
 * sent with it, and, once it was replaced, until it is worth nothing any more.
 */
export class HeldValue implements KeyUse {
  readonly secret: Secret
  readonly madeAt: number | undefined
  readonly #searches: Searches
  #endsAt: number | undefined
  #calls = 0
  #isSearched = false
  /** Until when it is searched for, by `performance.now()`; `undefined`: it is the current one. */
  #until: number | undefined
  #timer: NodeJS.Timeout | undefined

  /** @param endsAt When the value expires, by `performance.now()`; `undefined` if the source did not tell. */
  constructor(secret: Secret, searches: Searches, endsAt: number | undefined, madeAt: number | undefined) {
    this.secret = secret
    this.madeAt = madeAt
    this.#searches = searches
    this.#endsAt = endsAt
    this.#search()
  }

  /** The source gave the same value again. */
  lastsUntil(endsAt: number | undefined): void {
    this.#endsAt = endsAt
  }

  begin(): void {
    this.#calls += 1
    this.#search()
  }

  end(): void {
    this.#calls -= 1
    this.#leaveIfOver()
  }

  /**
   * Another value is the current one now, or none.
   *
   * @param searchedMs How long answers and logs are searched for it from now, in milliseconds, if its end is not known. Default: an hour.
   */
  replace(searchedMs = keptMs): void {
    this.#until = this.#endsAt ?? performance.now() + searchedMs
    this.#leaveIfOver()
  }

  #search(): void {
    if (this.#isSearched) return
    this.#isSearched = true
    this.#searches.add(this.secret)
  }

  #leaveIfOver(): void {
    if (this.#until === undefined || this.#calls > 0 || !this.#isSearched) return
    clearTimeout(this.#timer)
    const leftMs = this.#until - performance.now()
    if (leftMs > 0) {
      this.#timer = setTimeout(() => this.#leaveIfOver(), Math.min(leftMs + 1, longestTimerMs)).unref()
      return
    }
    this.#isSearched = false
    this.#searches.remove(this.secret)
  }
}
