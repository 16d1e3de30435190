/** Whether some text fits both patterns, in each of which `*` stands for any characters, none included. */
export function patternsMeet(one: string, other: string): boolean {
  // `reached[j]`: the first characters of `one` that were gone through so far, and the first j of `other`, fit a common text.
  let reached = firstRow(other)
  for (const character of one) {
    const isStar = character === '*'
    const next: boolean[] = [isStar && reached[0] === true]
    for (let at = 0; at < other.length; at += 1) {
      const passes = other[at] === '*' || isStar ? next[at] === true || reached[at + 1] === true : false
      next.push(passes || (reached[at] === true && other[at] === character))
    }
    reached = next
  }
  return reached[other.length] === true
}

/** Nothing fits a pattern's beginning as long as that is stars. */
function firstRow(other: string): boolean[] {
  const row = [true]
  for (const character of other) row.push(row.at(-1) === true && character === '*')
  return row
}
