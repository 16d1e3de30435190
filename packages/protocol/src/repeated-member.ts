/** A string, with the colon behind it if it is a member's name; or a brace or bracket. */
const token = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}[\]]/g

/**
 * Whether an object in a JSON text has a member twice, at any depth: of two readers one takes the first, another the last.
 *
 * @param text Well-formed JSON.
 */
export function hasRepeatedMember(text: string): boolean {
  const open: (Set<string> | undefined)[] = []
  for (const [found, colon] of text.matchAll(token)) {
    if (found === '{') open.push(new Set())
    else if (found === '[') open.push(undefined)
    else if (found === '}' || found === ']') open.pop()
    else if (colon !== undefined) {
      const name = JSON.parse(found.slice(0, -colon.length)) as string
      const members = open.at(-1)
      if (members?.has(name) === true) return true
      members?.add(name)
    }
  }
  return false
}
