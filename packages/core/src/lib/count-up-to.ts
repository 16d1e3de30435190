/** How many characters of a text are one of `marks`, and at most `most`: what follows is not looked at. Makes nothing of the text. */
export function countUpTo(most: number, text: string, marks: string): number {
  let count = 0
  for (let index = 0; index < text.length && count < most; index += 1) if (marks.includes(text[index] as string)) count += 1
  return count
}
