/** Spellings that are remembered; they come from outside, so there is a bound. */
const rememberedSpellings = 4096
const longestRemembered = 64

/** Remembers what was decided of a header's name: names come in few spellings. */
export function remember<Fate>(decide: (lowerCase: string) => Fate): (spelling: string) => Fate {
  const decided = new Map<string, Fate>()
  return (spelling) => {
    const known = decided.get(spelling)
    if (known !== undefined) return known
    const fate = decide(spelling.toLowerCase())
    if (spelling.length <= longestRemembered && decided.size < rememberedSpellings) decided.set(spelling, fate)
    return fate
  }
}
