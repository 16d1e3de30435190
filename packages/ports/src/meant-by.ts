import { distance } from 'fastest-levenshtein'

/** Longer names are not compared, in characters: none is similar to a known name, and the time grows with the length. */
const maxComparedChars = 64

/** The most letters that may differ (Levenshtein distance); always less than half of the known name's. */
const maxDifferent = 2

/**
 * Returns the known name that was probably meant by another: the most similar one, without regard to case and punctuation.
 * `undefined` if no known name is similar. Returns a known name for itself.
 */
export type MeantBy = (name: string) => string | undefined

export function createMeantBy(known: readonly string[]): MeantBy {
  const candidates = known.map((name) => ({ name, letters: lettersOf(name) }))
  return (name) => {
    if (name.length > maxComparedChars) return undefined
    const letters = lettersOf(name)
    let meant: string | undefined
    let nearest = maxDifferent + 1
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

/** The letters and digits of a name, in lower case. */
export function lettersOf(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}
