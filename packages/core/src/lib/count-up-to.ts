/** Counts the characters of a text that are one of `marks`, each of which differs from the others. Stops at `most`. Makes no other text. */
export function countUpTo(most: number, text: string, marks: string): number {
  let count = 0
  for (const mark of marks) for (let at = text.indexOf(mark); at !== -1 && count < most; at = text.indexOf(mark, at + 1)) count += 1
  return count
}
