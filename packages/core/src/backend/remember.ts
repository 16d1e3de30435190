/** Bounds of the memo, because clients choose the names: how many spellings, and the longest one, in characters. */
const rememberedSpellings = 4096
const longestRemembered = 64

/** Keeps a memo of `decide` by the spelling of a header's name, since names come in few spellings. */
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
