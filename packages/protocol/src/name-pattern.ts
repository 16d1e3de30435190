/** A text to match: a string, or an object that returns its characters by index. */
export interface PatternText {
  readonly length: number
  charCodeAt(index: number): number
}

/** A text between two stars, with its failure table (Knuth, Morris and Pratt, 1977). */
interface Part {
  readonly text: string
  readonly fallback: readonly number[]
}

/**
 * Compiles a pattern in which `*` stands for any characters, also for none, and every other character for itself.
 *
 * Each part is matched where it first occurs. The cost grows only with the length of the text, for every pattern and
 * text.
 */
export function compileNamePattern(pattern: string): (text: PatternText) => boolean {
  const [first = '', ...rest] = pattern.split('*')
  const last = rest.pop()
  if (last === undefined) return (text) => text.length === first.length && standsAt(text, first, 0)
  const parts = rest.filter((part) => part !== '').map(compilePart)
  return (text) => {
    const end = text.length - last.length
    if (end < first.length || !standsAt(text, first, 0) || !standsAt(text, last, end)) return false
    let from = first.length
    for (const part of parts) {
      const after = endOf(text, part, from, end)
      if (after === -1) return false
      from = after
    }
    return true
  }
}

function standsAt(text: PatternText, part: string, at: number): boolean {
  for (let index = 0; index < part.length; index += 1) if (text.charCodeAt(at + index) !== part.charCodeAt(index)) return false
  return true
}

/** The index after the first occurrence of the part between two positions of the text; -1 if there is none. */
function endOf(text: PatternText, { text: part, fallback }: Part, from: number, end: number): number {
  let matched = 0
  for (let index = from; index < end; index += 1) {
    const character = text.charCodeAt(index)
    while (matched > 0 && character !== part.charCodeAt(matched)) matched = fallback[matched - 1] as number
    if (character === part.charCodeAt(matched)) matched += 1
    if (matched === part.length) return index + 1
  }
  return -1
}

function compilePart(text: string): Part {
  const fallback = [0]
  let matched = 0
  for (let index = 1; index < text.length; index += 1) {
    while (matched > 0 && text.charCodeAt(index) !== text.charCodeAt(matched)) matched = fallback[matched - 1] as number
    if (text.charCodeAt(index) === text.charCodeAt(matched)) matched += 1
    fallback.push(matched)
  }
  return { text, fallback }
}
