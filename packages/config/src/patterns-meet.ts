/** Whether a text exists that matches both patterns. In each, `*` stands for any number of characters, also none. */
export function patternsMeet(one: string, other: string): boolean {
  if (!one.includes('*') && !other.includes('*')) return one === other
  // `reached[j]`: a text exists that matches both the characters of `one` so far and the first j characters of `other`.
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

/** The row for an empty `one`: the empty text matches the first j characters of `other` if all of them are stars. */
function firstRow(other: string): boolean[] {
  const row = [true]
  for (const character of other) row.push(row.at(-1) === true && character === '*')
  return row
}
