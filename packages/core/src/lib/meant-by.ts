import { closest, distance } from 'fastest-levenshtein'

/** Longer names are no near miss of anything, and comparing takes time by the length. */
const longestCompared = 64

/** How many letters may differ, as long as more of them are the same. */
const mostDifferent = 2

/** The known name that was probably meant by another: the same but for case, hyphens and underscores, or nearly so. */
export function meantBy(name: string, known: readonly string[]): string | undefined {
  if (name.length > longestCompared || known.length === 0) return undefined
  const letters = lettersOf(name)
  const same = known.find((candidate) => lettersOf(candidate) === letters)
  if (same !== undefined) return same
  const near = closest(letters, known.map(lettersOf))
  if (distance(letters, near) > Math.min(mostDifferent, (near.length - 1) / 2)) return undefined
  return known.find((candidate) => lettersOf(candidate) === near)
}

/** A name without what spellings differ in. */
export function lettersOf(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}
