import { distance } from 'fastest-levenshtein'

/** Longer names are no near miss of anything, and comparing takes time by the length. */
const longestCompared = 64

/** How many letters may differ, as long as more of them are the same. */
const mostDifferent = 2

/** Gives the known name that was probably meant by another: the same but for case, hyphens and underscores, or nearly so. */
export type MeantBy = (name: string) => string | undefined

export function createMeantBy(known: readonly string[]): MeantBy {
  const candidates = known.map((name) => ({ name, letters: lettersOf(name) }))
  return (name) => {
    if (name.length > longestCompared) return undefined
    const letters = lettersOf(name)
    let meant: string | undefined
    let nearest = mostDifferent + 1
    for (const candidate of candidates) {
      if (Math.abs(candidate.letters.length - letters.length) >= nearest) continue
      const differs = distance(letters, candidate.letters)
      if (differs >= nearest || 2 * differs >= candidate.letters.length) continue
      nearest = differs
      meant = candidate.name
    }
    return meant
  }
}

/** A name without what spellings differ in. */
export function lettersOf(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}
