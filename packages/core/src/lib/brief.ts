/** The most characters of a name that are worth repeating in a record, which travels in a header. */
const maxNameChars = 200

/**
 * A name as far as it is worth repeating. One that is cut ends behind a whole word: half a word could be half of a
 * key, in which nobody would recognise one.
 */
export function brief(name: string): string {
  return name.length <= maxNameChars ? name : `${name.slice(0, maxNameChars).replace(wordAtEnd, '')}…`
}

const wordAtEnd = /[\w-]+$/
