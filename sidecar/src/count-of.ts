/** A number with what is counted, in the singular if there is one: `1 key`, `3 keys`. The plural adds an `s`. */
export function countOf(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
