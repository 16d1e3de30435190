/** The most characters of a name that are repeated in a governance record, which is sent in a header. */
const maxNameChars = 200

/**
 * Shortens a name to `maxNameChars`. Cuts after a whole word: half a word could be half of a key, which the redactor would
 * not recognise.
 */
export function brief(name: string): string {
  return name.length <= maxNameChars ? name : `${name.slice(0, maxNameChars).replace(wordAtEnd, '')}…`
}

const wordAtEnd = /[\w-]+$/
