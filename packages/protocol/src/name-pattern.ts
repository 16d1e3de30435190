/** What a pattern is held against: a string, or whatever gives its characters one by one. */
export interface PatternText {
  readonly length: number
  charCodeAt(index: number): number
}

/** A text between two stars, with how far a match may fall back where it fails (Knuth, Morris and Pratt, 1977). */
interface Part {
  readonly text: string
  readonly fallback: readonly number[]
}

/**
 * Compiles a pattern in which `*` stands for any characters, none included, and everything else for itself.
 *
 * Each part is taken where it first fits, and no character of the text is looked at more than a few times: the
 * cost grows with the text's length, whatever pattern and text are, and whoever wrote them.
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

/** Where the part ends that stands first between two positions of the text; -1 where it does not stand there. */
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
